//! What customers do through the mini-program.
