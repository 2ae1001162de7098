//! Real parts under attack: two servers on one database and one Redis, twenty devices, a bad line between them, and random
//! SIGKILL and SIGSTOP of all of them; then a checker that reads all histories. `make nemesis` runs it for minutes.
//! (The servers do not use RabbitMQ, so none is restarted here.)

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

/// Named so that the runner gives these tests the machine to themselves.
mod nemesis {
    mod books;
    mod checker;
    mod crew;
    mod doctored;
    mod faults;
    mod history;
    mod plan;
    mod run;
    mod watch;
}
