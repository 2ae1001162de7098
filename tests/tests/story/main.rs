//! The main path from end to end, with real parts only: server, database, sandbox and devices as processes, driven
//! by their interfaces.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod changes;
mod grants;
mod meanwhile;
mod path;
mod pictures;
mod places;
mod telephone;
