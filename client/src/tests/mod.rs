//! Tests of the engine against a server in memory that follows the same tables, loses answers, forgets and lies.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod after;
mod at_rest;
mod blobs;
mod booking;
mod closed;
mod commands;
mod desk;
mod device;
mod fuzz;
mod hints;
mod incarnations;
mod lease;
mod order;
mod overlap;
mod pictures;
mod rules;
mod scopes;
mod server;
mod set_aside;
mod store;
mod sync;
mod upgrades;
