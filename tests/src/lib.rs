//! What the black-box tests stand on: real database servers, the product's own binaries as separate
//! processes, and a plain HTTP client. It knows the product only from outside: its command lines, its
//! environment variables, its HTTP interface. None of the product's crates is a dependency.
//!
//! A failure here is a failed test, so these functions panic with a message that says what to do.
//!
//! ```no_run
//! use blackbox::{Engine, World};
//! # async fn example() {
//! let world = World::start(Engine::MariaDb).await;
//! let answer = world.server.api().get("/healthz").await;
//! answer.expect(200);
//! # }
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod cluster;
pub mod crew;
pub mod customer;
pub mod db;
pub mod desk;
pub mod device;
pub mod disk;
pub mod goods;
pub mod http;
pub mod keyring;
pub mod ledger;
pub mod lossy;
pub mod paths;
pub mod proc;
pub mod proxy;
pub mod redis;
pub mod replica;
pub mod replication;
pub mod sandbox;
pub mod server;
pub mod town;
pub mod window;
pub mod world;
pub mod wrong_clock;

pub use cluster::Cluster;
pub use customer::Customer;
pub use db::{Database, Dedicated, Engine, database};
pub use desk::Desk;
pub use device::Device;
pub use disk::Disk;
pub use http::{Answer, Api};
pub use keyring::Keyring;
pub use ledger::Ledger;
pub use lossy::Lossy;
pub use paths::{bin, free_port};
pub use proc::Process;
pub use proxy::Proxy;
pub use redis::Redis;
pub use replica::Replica;
pub use replication::Replicated;
pub use sandbox::Sandbox;
pub use server::{Server, Setup};
pub use town::{Dispatch, Town};
pub use world::World;
