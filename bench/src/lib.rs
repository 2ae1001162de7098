//! Sync side by side with its peer (PouchDB and express-pouchdb), what sync costs the server and the device, and the
//! customers' API side by side with the base system's design in Go ([`api`]).
//!
//! Both sides are driven the same way: a server process and client processes over loopback, the client told what to do
//! by a line of JSON and answering with its own clock's milliseconds, every byte between them counted by the same proxy.
//! Nothing here is part of the product. `docs/benchmarks.md` holds the figures and what limits each.

// Milliseconds and ratios are measurements, not money.
#![allow(clippy::float_arithmetic)]

pub mod api;
pub mod client;
pub mod figures;
pub mod ours;
pub mod peer;
pub mod proxy;
pub mod scale;
pub mod store;
pub mod workloads;
