//! Sync with devices (sync.md): the sequencer gives committed writes their numbers, pull shows a device its scopes in
//! consistent pages, push applies its mutations in order and exactly once.

pub mod arrival;
pub mod batch;
pub mod catalogue;
pub mod compaction;
pub mod contact;
pub mod cursor;
pub mod effect;
pub mod epochs;
pub mod feed_ports;
pub mod gathered;
pub mod grants;
pub mod hints;
pub mod idle;
pub mod instances;
pub mod page;
pub mod plan;
pub mod ports;
pub mod price;
mod protocol;
pub mod pull;
pub mod push;
pub mod push_ports;
pub mod sequencer;
mod start;
