//! Where each of a device's scopes goes on: in its history where the server can continue that, from the beginning of its
//! snapshot where it cannot.

use super::cursor::{Cursor, Position};
use crate::store::sync_head::Head;
use huishou_domain::{ids::DeviceId, sync::scope::Scope};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Where a page begins.
pub(super) struct Start {
    /// The position in each scope that is held.
    pub cursor: Cursor,
    /// Scopes whose rows come anew and replace the old ones.
    pub reset: Vec<Scope>,
}

impl Start {
    /// Begins these scopes again: the device's copies of them have turned out to differ.
    pub fn anew(&mut self, again: &[Scope], generation: i32, head: Head) {
        for scope in again {
            let Some(position) = self.cursor.scopes.get_mut(scope) else {
                continue;
            };
            *position = Position::fresh(generation, head.seq);
            metrics::counter!("sync_scopes_fetched_again_total").increment(1);
            if !self.reset.contains(scope) {
                self.reset.push(scope.clone());
            }
        }
    }
}

/// Where each held scope goes on. A scope newly granted begins with its snapshot; one whose history cannot be
/// continued does so too, and is named in `reset`.
pub(super) fn resume(
    cursor: Option<&Cursor>,
    known: bool,
    held: &BTreeSet<Scope>,
    generation: i32,
    head: Head,
) -> Start {
    let mut reset = Vec::new();
    let mut scopes = BTreeMap::new();
    for scope in held {
        let old = cursor.and_then(|c| c.scopes.get(scope));
        let position = match old {
            Some(old) if known && old.generation == generation && old.seq >= head.floor => {
                old.clone()
            }
            _ => {
                if old.is_some() || cursor.is_none() {
                    reset.push(scope.clone());
                }
                Position::fresh(generation, head.seq)
            }
        };
        scopes.insert(scope.clone(), position);
    }
    let pages = cursor.map_or(0, |c| c.pages);
    let device = cursor.map_or(DeviceId(Uuid::nil()), |c| c.device);
    Start {
        cursor: Cursor {
            device,
            epoch: head.epoch,
            head: 0,
            tag: String::new(),
            pages,
            tail: cursor.map_or_else(Vec::new, |c| c.tail.clone()),
            scopes,
        },
        reset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head {
        seq: 40,
        floor: 10,
        epoch: Uuid::from_u128(3),
    };

    fn cursor(positions: &[(&str, i32, i64)]) -> Cursor {
        let position = |&(scope, generation, seq): &(&str, i32, i64)| {
            (
                scope.parse().unwrap_or(Scope::Admin),
                Position {
                    generation,
                    seq,
                    snapshot: None,
                },
            )
        };
        let scopes = positions.iter().map(position).collect();
        Cursor {
            device: DeviceId(Uuid::nil()),
            epoch: HEAD.epoch,
            head: 0,
            tag: String::new(),
            pages: 0,
            tail: Vec::new(),
            scopes,
        }
    }

    fn held(names: &[&str]) -> BTreeSet<Scope> {
        names.iter().filter_map(|name| name.parse().ok()).collect()
    }

    #[test]
    fn a_known_scope_goes_on_and_a_new_one_begins_with_its_snapshot() {
        let start = resume(
            Some(&cursor(&[("admin", 1, 30)])),
            true,
            &held(&["admin", "catalog:330100"]),
            1,
            HEAD,
        );
        let of = |name: &str| {
            start
                .cursor
                .scopes
                .get(&name.parse().unwrap_or(Scope::Admin))
                .cloned()
        };
        assert_eq!(
            of("admin").map(|p| (p.seq, p.snapshot.is_some())),
            Some((30, false))
        );
        assert_eq!(
            of("catalog:330100").map(|p| (p.seq, p.snapshot.is_some())),
            Some((40, true))
        );
        assert!(
            start.reset.is_empty(),
            "a granted scope has no old rows to replace"
        );
    }

    #[test]
    fn a_scope_whose_copy_differs_begins_again_alone() {
        let both = held(&["admin", "catalog:330100"]);
        let known = cursor(&[("admin", 1, 30), ("catalog:330100", 1, 31)]);
        let mut start = resume(Some(&known), true, &both, 1, HEAD);
        start.anew(&[Scope::Admin, Scope::Catalog("999999".into())], 1, HEAD);
        assert_eq!(start.reset, [Scope::Admin], "its old rows are replaced");
        assert!(start.cursor.scopes[&Scope::Admin].snapshot.is_some());
        let other = &start.cursor.scopes[&Scope::Catalog("330100".into())];
        assert_eq!((other.seq, other.snapshot.is_some()), (31, false));
        assert_eq!(start.cursor.scopes.len(), 2, "and no scope comes by asking");
    }

    #[test]
    fn a_scope_taken_away_is_forgotten() {
        let start = resume(
            Some(&cursor(&[("admin", 1, 30)])),
            true,
            &held(&["catalog:330100"]),
            1,
            HEAD,
        );
        assert_eq!(
            start.cursor.scopes.len(),
            1,
            "its position must not come back with the grant"
        );
    }

    #[test]
    fn what_cannot_be_continued_is_reset_and_never_an_empty_success() {
        let admin = held(&["admin"]);
        for (case, known, generation, seq) in [
            ("another history", false, 1, 30),
            ("new grants", true, 2, 30),
            ("older than the log's floor", true, 1, 9),
        ] {
            let start = resume(
                Some(&cursor(&[("admin", 1, seq)])),
                known,
                &admin,
                generation,
                HEAD,
            );
            assert_eq!(start.reset, [Scope::Admin], "{case}");
            assert!(
                start.cursor.scopes[&Scope::Admin].snapshot.is_some(),
                "{case}"
            );
        }
        assert_eq!(
            resume(None, false, &admin, 1, HEAD).reset,
            [Scope::Admin],
            "without a cursor old rows are replaced"
        );
    }
}
