//! What devices and the server say to each other (sync.md): the messages, the scopes, the row hashes of `checks`.
//! No I/O; exact wire forms are pinned by golden tests.

pub mod body;
pub mod check;
pub mod message;
pub mod revocation;
pub mod scope;
#[cfg(test)]
mod tests;
