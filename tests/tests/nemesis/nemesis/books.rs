//! MySQL's history, read past the product.

use std::collections::BTreeSet;

use blackbox::{Database, Ledger};
use uuid::Uuid;

use super::history::{Books, Money};

/// What was in the books before anybody did anything.
#[derive(Debug, Default)]
pub struct Before(BTreeSet<String>);

impl Before {
    /// Now.
    pub async fn of(database: &Database) -> Self {
        let books = read(database, &Self::default()).await;
        let money = books.payments.into_iter().chain(books.refunds);
        let mutations = books.mutations.into_iter().map(|(uid, _)| uid);
        Self(money.map(|row| row.id).chain(mutations).collect())
    }
}

/// What is there now and was not before.
pub async fn read(database: &Database, before: &Before) -> Books {
    let mutations = database
        .texts("SELECT CONCAT(LOWER(HEX(uid)), '|', CONVERT(outcome USING utf8mb4)) FROM mutations WHERE uid IS NOT NULL")
        .await;
    let reviewed = database
        .texts("SELECT DISTINCT LOWER(HEX(subject_id)) FROM reviews")
        .await;
    let pair = |row: &String| {
        let (uid, outcome) = row.split_once('|').expect("two columns");
        (dashed(uid), outcome.to_owned())
    };
    Books {
        mutations: mutations
            .iter()
            .map(pair)
            .filter(|(uid, _)| !before.0.contains(uid))
            .collect(),
        payments: money(database, "payments", before).await,
        refunds: money(database, "refunds", before).await,
        audit: Ledger(database).audit().await,
        reviewed: reviewed.iter().map(|id| dashed(id)).collect(),
    }
}

async fn money(database: &Database, table: &str, before: &Before) -> Vec<Money> {
    let sql = format!(
        "SELECT CONCAT_WS('|', LOWER(HEX(id)), LOWER(HEX(order_id)), CAST(amount * 100 AS SIGNED)) FROM {table}"
    );
    let rows = database.texts(&sql).await;
    let read = |row: &String| {
        let parts: Vec<&str> = row.split('|').collect();
        Money {
            id: dashed(parts[0]),
            order: dashed(parts[1]),
            fen: parts[2].parse().expect("fen"),
        }
    };
    rows.iter()
        .map(read)
        .filter(|row| !before.0.contains(&row.id))
        .collect()
}

/// An id as it is written.
pub fn dashed(hex: &str) -> String {
    hex.parse::<Uuid>().expect("16 bytes in hex").to_string()
}
