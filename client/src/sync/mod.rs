//! Sync. The core — [`push`], [`pull`], [`apply`] — does no I/O but the store's and takes time from outside, so that
//! tests can lose and reorder answers and crash at every step; [`transport`] and [`run`] bring the network and the
//! waiting.

pub mod apply;
mod fetch;
pub mod hints;
pub mod http;
pub mod idle;
pub mod incarnation;
pub mod pull;
pub mod push;
pub mod receive;
pub mod run;
pub mod transport;
pub mod verdicts;
mod wire;
