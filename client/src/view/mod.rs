//! What screens read and ask: plain shapes, the contract between the engine and any face it has (window, command
//! line). TypeScript bindings of these are generated into `ui/src/bindings`.

pub mod book;
pub mod draft;
pub mod picture;
pub mod quote;
pub mod session;
pub mod sync;
pub mod visit;
