//! Sync from the inside: feed, pages, pushes, conflicts, tokens of staff.

mod conflicts;
mod feed;
mod pages;
mod pushes;
mod support;
mod tokens;
