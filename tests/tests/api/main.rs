//! The HTTP interface from outside: its contract, the open API, and what guards and carries them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bookings;
mod catalogue;
mod contract;
mod kept;
mod months;
mod open;
mod others;
mod overload;
mod pools;
mod rates;
mod replicas;
mod sessions;
mod signing;
mod statements;
mod wire;
