//! The app's engine without a window, for scripts, support and tests.

fn main() {}
