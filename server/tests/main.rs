//! The server's tests on real databases, one binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod customer;
mod sync;
