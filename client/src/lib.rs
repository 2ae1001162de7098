//! The local-first engine: an encrypted SQLite store, outbox, overlay, sync core and loop. Screens read and write the
//! store alone and never wait for a network. Knows no window.

pub mod aside;
pub mod blobs;
pub mod clock;
pub mod copies;
pub mod crash;
pub mod engine;
pub mod error;
pub mod folder;
pub mod secrets;
pub mod store;
pub mod sync;
pub mod view;
pub mod visits;
pub mod wipe;

/// Of every program with the engine in it: pages of a pull come as a million small texts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(test)]
mod tests;
