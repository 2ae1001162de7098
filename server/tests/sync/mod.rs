//! Sync from the inside: feed, pages, pushes, conflicts, tokens of staff.

mod conflicts;
mod feed;
mod http;
mod pages;
mod plans;
mod pushes;
mod support;
mod tokens;
