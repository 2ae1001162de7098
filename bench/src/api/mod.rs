//! The customers' API side by side with its peer, the base system's design in Go: the same machine, the same database
//! server and its durability, the same generators, in turns.

pub mod assured;
pub mod closed;
pub mod loads;
pub mod open;
pub mod patterns;
pub mod pricing;
pub mod program;
pub mod requests;
pub mod scene;
pub mod summary;
pub mod table;
pub mod wrk;
