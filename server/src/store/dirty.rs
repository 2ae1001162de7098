//! The outbox of dirty keys: every write to a synced aggregate marks it here, once a scope it was or is in, in the
//! same transaction (sync.md 2). A row means "not sequenced yet".
//!
//! A transaction collects its marks and writes them with its commit, in one message: they cost no round trip, a key that
//! was marked twice is written once, and nothing is held in the outbox longer than the commit takes.

use super::{StoreError, Tx};
use huishou_domain::sync::scope::{Kind, Scope};
use std::{collections::BTreeSet, fmt::Write};
use uuid::Uuid;

/// Most rows of one message: far below what the smallest server takes.
const MOST: usize = 2_000;
/// Longest name of a scope.
const LONGEST: usize = 64;

/// Marks an aggregate dirty in these scopes.
///
/// # Errors
/// A scope that cannot be stored.
pub fn mark(tx: &mut Tx, kind: Kind, id: Uuid, scopes: &[Scope]) -> Result<(), StoreError> {
    let marks = tx.marks();
    for scope in scopes {
        marks.add(kind, id, scope)?;
    }
    Ok(())
}

/// Marks aggregates dirty, each in a scope.
///
/// # Errors
/// A scope that cannot be stored.
pub fn mark_all(tx: &mut Tx, rows: &[(Kind, Uuid, Scope)]) -> Result<(), StoreError> {
    let marks = tx.marks();
    for (kind, id, scope) in rows {
        marks.add(*kind, *id, scope)?;
    }
    Ok(())
}

/// What a transaction has marked so far.
#[derive(Debug, Default)]
pub(super) struct Marks {
    rows: Vec<(Kind, Uuid, String)>,
    savepoints: Vec<(&'static str, usize)>,
}

impl Marks {
    fn add(&mut self, kind: Kind, id: Uuid, scope: &Scope) -> Result<(), StoreError> {
        let name = scope.to_string();
        // It becomes part of a statement's text.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.');
        if name.len() > LONGEST || !name.chars().all(plain) {
            return Err(StoreError::OutOfRange(format!("the scope {name}")));
        }
        self.rows.push((kind, id, name));
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A savepoint of that name takes the place of an earlier one, as in the database.
    pub(super) fn set_savepoint(&mut self, name: &'static str) {
        self.savepoints.retain(|(known, _)| *known != name);
        self.savepoints.push((name, self.rows.len()));
    }

    pub(super) fn roll_back_to(&mut self, name: &str) {
        if let Some(at) = self.savepoints.iter().position(|(known, _)| *known == name) {
            self.rows.truncate(self.savepoints[at].1);
            self.savepoints.truncate(at + 1);
        }
    }

    /// The messages that end the transaction: all marks, and the commit behind the last of them.
    pub(super) fn commit(&self) -> Vec<String> {
        let rows: BTreeSet<_> = self.rows.iter().collect();
        let rows: Vec<_> = rows.into_iter().collect();
        let mut messages: Vec<String> = rows.chunks(MOST).map(insert).collect();
        match messages.last_mut() {
            Some(last) => last.push_str("; COMMIT"),
            None => messages.push("COMMIT".to_owned()),
        }
        messages
    }
}

fn insert(rows: &[&(Kind, Uuid, String)]) -> String {
    let mut sql = "INSERT INTO sync_outbox (scope, kind, entity_id) VALUES ".to_owned();
    for (n, (kind, id, scope)) in rows.iter().enumerate() {
        let comma = if n == 0 { "" } else { ", " };
        // Writing to a text cannot fail.
        let _ = write!(
            sql,
            "{comma}('{scope}', '{}', X'{}')",
            kind.as_str(),
            id.simple()
        );
    }
    sql
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn marked(marks: &mut Marks, id: u128, scope: &Scope) {
        marks.add(Kind::Order, Uuid::from_u128(id), scope).unwrap();
    }

    #[test]
    fn marks_go_with_the_commit_each_once() {
        let mut marks = Marks::default();
        assert_eq!(marks.commit(), ["COMMIT"]);
        for id in [7, 7] {
            marked(&mut marks, id, &Scope::Admin);
        }
        assert_eq!(
            marks.commit(),
            [
                "INSERT INTO sync_outbox (scope, kind, entity_id) VALUES ('admin', 'order', X'00000000000000000000000000000007'); COMMIT"
            ]
        );
        for id in 0..u128::try_from(MOST).unwrap() + 1 {
            marked(&mut marks, id, &Scope::Admin);
        }
        let messages = marks.commit();
        let commits: Vec<bool> = messages.iter().map(|m| m.ends_with("; COMMIT")).collect();
        assert_eq!(commits, [false, true], "only what is last commits");
        assert_eq!(messages.concat().matches("'admin'").count(), MOST + 1);
    }

    #[test]
    fn what_is_rolled_back_is_not_marked() {
        let ids = |marks: &Marks| -> Vec<u128> {
            marks.rows.iter().map(|(_, id, _)| id.as_u128()).collect()
        };
        let mut marks = Marks::default();
        marks.set_savepoint("key");
        marked(&mut marks, 1, &Scope::Admin);
        marks.set_savepoint("effect");
        marked(&mut marks, 2, &Scope::Admin);
        marks.roll_back_to("effect");
        assert_eq!(ids(&marks), [1]);
        marked(&mut marks, 3, &Scope::Admin);
        marks.set_savepoint("effect");
        marked(&mut marks, 4, &Scope::Admin);
        marks.roll_back_to("effect");
        marks.roll_back_to("effect");
        assert_eq!(ids(&marks), [1, 3], "the newer of the same name counts");
        marks.roll_back_to("key");
        assert_eq!(ids(&marks), [0_u128; 0]);
    }

    #[test]
    fn a_scope_is_a_plain_short_name() {
        let mut marks = Marks::default();
        for city in ["'); DROP TABLE", "杭州", &"3".repeat(60)] {
            let scope = Scope::Catalog(city.to_owned());
            assert!(
                marks.add(Kind::Order, Uuid::nil(), &scope).is_err(),
                "{city}"
            );
        }
        assert!(marks.is_empty());
    }
}
