//! What lies on a device: keys in a real keyring, the way back when it was reset, devices that are shut out, sessions
//! over a line that loses answers, stores that go bad, disks that are full. Each with the product's own programs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod disks;
mod keyring;
mod never_wiped;
mod sessions;
mod set_aside;
mod shut_out;
mod stores;
mod support;
