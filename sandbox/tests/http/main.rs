//! The sandbox as a server meets it: over HTTP, every error code and every fault.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod faults;
mod log_and_page;
mod phone;
mod process;
mod session;
mod subscribe;
mod support;
mod token;
