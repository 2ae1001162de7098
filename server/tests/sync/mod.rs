//! Sync from the inside: feed, pages, pushes, conflicts, tokens of staff.

mod batches;
mod blobs;
mod bookings;
mod checks;
mod compaction;
mod conflicts;
mod dead_line;
mod depots;
mod desk_once;
mod epochs;
mod feed;
mod feed_model;
mod hints;
mod http;
mod kept_verdicts;
mod leaving;
mod old_visits;
mod pages;
mod people;
mod plans;
mod pushes;
mod support;
mod tokens;
