//! Plays the outside services on loopback: WeChat today; SMS, pay and the channels join as further
//! [`Service`]s. It keeps each service's rules (single-use codes, token lifetimes, consent, limits)
//! and misbehaves on demand.
//!
//! Three layers, none of which knows the one above it:
//! - a service's rules ([`wechat`]): plain state and functions of a given time, no HTTP;
//! - what all services share: [`clock`], [`faults`], [`log`], held together by [`Sandbox`];
//! - the edge ([`web`]): routes, the interceptor that injects faults and writes the log, the page.
//!
//! See `README.md` beside this crate for the endpoints.

pub mod clock;
pub mod faults;
pub mod log;
mod sandbox;
pub mod service;
pub mod web;
pub mod wechat;

pub use sandbox::{Sandbox, World};
pub use service::Service;
pub use web::{serve, serve_until};
