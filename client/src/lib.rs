//! The local-first engine: an encrypted SQLite store, outbox, overlay, sync core and loop. Screens read and write the
//! store alone and never wait for a network. Knows no window.

pub mod view;
