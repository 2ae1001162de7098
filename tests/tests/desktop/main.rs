//! The desktop app in its real window. Pictures are left in target/desktop-screenshots.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod in_a_window;
