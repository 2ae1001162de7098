//! Power cuts: at every named crash point of device and server, at random moments under load, and under the database.
//! What was acknowledged is there exactly once, what was not is there at most once, and all replicas agree after.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

/// Named so that the runner gives these tests the machine to themselves.
mod crash {
    mod at_points;
    mod at_writes;
    mod desk_writes;
    mod kills;
    mod till;
}
