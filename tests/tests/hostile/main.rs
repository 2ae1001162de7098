//! Bad input through every door: wrong types, missing, endless, negative and absurd values, other people's ids,
//! expired and forged tokens, and texts that are somebody else's program. Each is answered with a problem that names
//! a code, nothing is written, nothing breaks; what is text is stored and shown letter for letter.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod binlog;
mod bodies;
mod commands;
mod device;
mod device_args;
mod device_quote;
mod fields;
mod fuzz;
mod literal;
mod queries;
mod scene;
mod staff;
mod tokens;
mod values;
mod wire;
