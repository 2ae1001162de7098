//! What can be wrong with a price book or an item: one code, the line, the field.

use serde::{Deserialize, Serialize};

/// Why an item or a book cannot be priced; the text on the wire is the snake-case name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum ErrorCode {
    /// The price book breaks a rule of its form; `field` is the path of the first fault.
    InvalidBook,
    /// There is nothing to price.
    Empty,
    /// No rule of the book has this category.
    UnknownCategory,
    /// Both `quantity` and `weighing` are given.
    QuantityConflict,
    /// A weighing for goods counted by the piece.
    UnitMismatch,
    /// Neither `quantity` nor `weighing` is given.
    MissingQuantity,
    /// The quantity is no number, not above zero, too large, or too fine for its unit.
    InvalidQuantity,
    /// Gross, tare or a deduction is wrong; `field` says which.
    InvalidWeighing,
    /// A factor orders by an attribute that is not a number; `field` is the attribute.
    AttributeType,
    /// A price, an amount or the total is above 9,999,999,999.99.
    AmountTooLarge,
}

impl ErrorCode {
    /// The code as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidBook => "invalid_book",
            Self::Empty => "empty",
            Self::UnknownCategory => "unknown_category",
            Self::QuantityConflict => "quantity_conflict",
            Self::UnitMismatch => "unit_mismatch",
            Self::MissingQuantity => "missing_quantity",
            Self::InvalidQuantity => "invalid_quantity",
            Self::InvalidWeighing => "invalid_weighing",
            Self::AttributeType => "attribute_type",
            Self::AmountTooLarge => "amount_too_large",
        }
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The first fault found: `{code, line, field}` on the wire, absent parts as `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code} (line {line:?}, field {field:?})")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PricingError {
    /// What is wrong.
    pub code: ErrorCode,
    /// The item's index, from 0; `None` for the book and for the whole.
    pub line: Option<usize>,
    /// The field, or the path inside the book.
    pub field: Option<String>,
}

impl PricingError {
    pub(super) fn in_book(path: String) -> Self {
        Self {
            code: ErrorCode::InvalidBook,
            line: None,
            field: Some(path),
        }
    }

    pub(super) fn in_line(line: usize, code: ErrorCode, field: &str) -> Self {
        Self {
            code,
            line: Some(line),
            field: Some(field.to_owned()),
        }
    }

    pub(super) const fn empty() -> Self {
        Self {
            code: ErrorCode::Empty,
            line: None,
            field: None,
        }
    }

    pub(super) fn total_too_large() -> Self {
        Self {
            code: ErrorCode::AmountTooLarge,
            line: None,
            field: Some("total".to_owned()),
        }
    }
}
