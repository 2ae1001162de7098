//! Statements as text, several in one message: each message wakes the processor on both sides, which costs as much as a
//! short statement. Values become literals that nothing can break out of: hexadecimal digits, numbers, times.

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Either, Executor, MySqlConnection, mysql::MySqlRow};
use std::fmt::Write;
use uuid::Uuid;

/// Longest text that is sent in one message: far below what the smallest server takes.
pub(super) const LONGEST: usize = 512 * 1024;

/// The rows of each statement of a message, in their order.
///
/// # Errors
/// Of the database: of the first statement that failed; none after it was run.
pub(super) async fn rows(
    conn: &mut MySqlConnection,
    statements: &[String],
) -> Result<Vec<Vec<MySqlRow>>, sqlx::Error> {
    let mut steps = conn.fetch_many(AssertSqlSafe(statements.join("; ")));
    let (mut all, mut rows) = (Vec::with_capacity(statements.len()), Vec::new());
    while let Some(step) = steps.try_next().await? {
        match step {
            Either::Left(_) => all.push(std::mem::take(&mut rows)),
            Either::Right(row) => rows.push(row),
        }
    }
    Ok(all)
}

/// `X'…'`
pub(super) fn id(id: Uuid) -> String {
    format!("X'{}'", id.simple())
}

/// `X'…', X'…'` for `IN (…)`; no ids at all match nothing.
pub(super) fn ids(list: &[Uuid]) -> String {
    if list.is_empty() {
        return "NULL".to_owned();
    }
    list.iter().copied().map(id).collect::<Vec<_>>().join(", ")
}

/// `X'…'` of any bytes.
pub(super) fn bytes(bytes: &[u8]) -> String {
    let mut literal = String::with_capacity(2 * bytes.len() + 3);
    literal.push_str("X'");
    for byte in bytes {
        // Writing to a text cannot fail.
        let _ = write!(literal, "{byte:02x}");
    }
    literal.push('\'');
    literal
}

/// Any text.
pub(super) fn text(text: &str) -> String {
    format!("_utf8mb4 {}", bytes(text.as_bytes()))
}

/// A time, to the millisecond the columns have.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    format!("'{}'", at.format("%Y-%m-%d %H:%M:%S%.6f"))
}

/// What there is, or `NULL`.
pub(super) fn or_null<T>(value: Option<T>, literal: impl Fn(T) -> String) -> String {
    value.map_or_else(|| "NULL".to_owned(), literal)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nothing_breaks_out_of_a_literal() {
        assert_eq!(text("'; DROP"), "_utf8mb4 X'273b2044524f50'");
        assert_eq!(text(""), "_utf8mb4 X''");
        assert_eq!(bytes(&[0, 0x27, 0xff]), "X'0027ff'");
        let one = Uuid::from_u128(1);
        assert_eq!(id(one), "X'00000000000000000000000000000001'");
        assert_eq!(ids(&[]), "NULL");
        assert_eq!(ids(&[one, one]).matches("X'").count(), 2);
        assert_eq!(or_null(None, id), "NULL");
    }

    #[test]
    fn times_keep_what_a_column_holds() {
        let at = DateTime::from_timestamp_millis(1_764_000_000_123).unwrap();
        assert_eq!(moment(at), "'2025-11-24 16:00:00.123000'");
    }
}
