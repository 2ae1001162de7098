//! Pricing: what goods are worth by a price book, exactly and explainably.
//!
//! The rules are laid down in `pricing.md` and pinned by `vectors/pricing.ndjson`. A [`Book`] is
//! checked and compiled once ([`Book::parse`]) and then prices any number of items
//! ([`Book::price`], or [`Book::price_traced`] with the working of every line).
//!
//! Arithmetic is fixed point in integers (`i64` millionths for numbers, `i128` of 10⁻¹⁰ yuan for
//! prices) rather than a general decimal type: the ranges of `pricing.md` bound every product, so
//! each step is one checked integer operation, exact by construction and several times faster.

mod answer;
mod book;
mod engine;
mod error;
mod factor;
mod import;
mod line;
mod trace;
mod unit_price;
mod words;

pub use answer::{Answer, answer, price_line_json};
pub use book::{Book, Unit};
pub use engine::{Priced, PricedLine};
pub use error::{ErrorCode, PricingError};
pub use factor::Operation;
pub use import::{Doubt, DoubtReason, ImportError, Imported, import_base_rules};
pub use trace::{Comparison, FactorStep, LineTrace, Outcome, Step, Trace};
pub use unit_price::UnitPrice;
pub use words::Lang;
