//! The golden cases and the properties of the business rules, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::float_arithmetic,
    missing_docs
)]

mod any_json;
mod books;
mod fuzz;
mod golden;
mod places;
mod prices;
mod pricing_errors;
mod pricing_trace;
mod values;
mod wire;
