//! A deterministic simulation of many devices and the server's sync core (sync.md §7). One seed decides everything that
//! is not decided by the code itself: which task goes on, what the network loses, when power fails and what the disk
//! still holds afterwards, what people do, and what the clocks show. The devices are the real engine on its real
//! encrypted store; the server is the real core over a ledger in memory; after every step what must always hold is
//! checked, and a seed that fails is replayed exactly by its number.

pub mod chance;
pub mod device;
pub mod disk;
pub mod door;
pub mod executor;
pub mod hints;
pub mod ledger;
pub mod neglect;
pub mod network;
pub mod report;
pub mod rules;
pub mod server;
pub mod trace;
pub mod world;
