//! Reading columns back into the rules' types, and writing them. Money is fen in the code and `DECIMAL(12,2)` here.

use super::StoreError;
use huishou_domain::money::Fen;
use rust_decimal::Decimal;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row, mysql::MySqlRow};

/// Largest amount the columns hold, in fen.
const MOST_FEN: i64 = 999_999_999_999;

/// Fen as the database's decimal.
///
/// # Errors
/// [`StoreError::OutOfRange`] beyond 9,999,999,999.99 yuan.
pub fn decimal(fen: Fen) -> Result<Decimal, StoreError> {
    if fen.fen().abs() > MOST_FEN {
        return Err(StoreError::OutOfRange(
            "an amount beyond 9,999,999,999.99 yuan".into(),
        ));
    }
    Ok(Decimal::new(fen.fen(), 2))
}

/// A decimal column as fen.
///
/// # Errors
/// An unreadable column.
pub fn fen(row: &MySqlRow, column: &str) -> Result<Fen, StoreError> {
    let mut amount: Decimal = row.try_get(column)?;
    amount.rescale(2);
    i64::try_from(amount.mantissa())
        .map(Fen::from_fen)
        .map_err(|_| unreadable(column, "not an amount"))
}

/// A JSON column.
///
/// # Errors
/// Text of another form.
pub fn json<T: DeserializeOwned>(row: &MySqlRow, column: &str) -> Result<T, StoreError> {
    let text: String = row.try_get(column)?;
    serde_json::from_str(&text).map_err(|error| unreadable(column, &error.to_string()))
}

/// A value as the text of a JSON column.
///
/// # Errors
/// None in practice: what is stored is plain data.
pub fn text<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unreadable(error.to_string()))
}

/// An unreadable column.
#[must_use]
pub fn unreadable(column: &str, detail: &str) -> StoreError {
    StoreError::Unreadable(format!("{column}: {detail}"))
}
