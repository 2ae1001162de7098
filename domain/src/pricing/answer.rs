//! The command line's form: one case in, `{"ok": …}` or `{"error": …}` out.

use serde::Serialize;
use serde_json::Value;

use super::book::{Book, present};
use super::engine::Priced;
use super::error::PricingError;

/// The answer to one case, in the form of the golden cases' `expect`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Answer {
    /// The items, priced.
    #[serde(rename = "ok")]
    Ok(Priced),
    /// The first fault.
    #[serde(rename = "error")]
    Error(PricingError),
}

/// Prices `{"book": {"rules": […]}, "items": […]}`; takes any JSON whatever.
pub fn answer(case: &Value) -> Answer {
    let book = present(case, "book").unwrap_or(&Value::Null);
    let items = present(case, "items").and_then(Value::as_array);
    let items = items.map_or(&[][..], Vec::as_slice);
    match Book::parse(book).and_then(|book| book.price(items)) {
        Ok(priced) => Answer::Ok(priced),
        Err(error) => Answer::Error(error),
    }
}

/// As [`answer`], as a JSON value: what `huishou-server price` prints a line of.
pub fn price_line_json(case: &Value) -> Value {
    serde_json::to_value(answer(case)).unwrap_or(Value::Null)
}
