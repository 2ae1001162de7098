//! Decides what a page of the log holds (sync.md 7, 10). Pure: the keys were read before, the aggregates are read
//! after.

use huishou_domain::sync::scope::Kind;
use std::collections::HashSet;
use uuid::Uuid;

/// An aggregate's identity.
pub type Key = (Kind, Uuid);

/// One entry of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEntry {
    /// Its number.
    pub seq: i64,
    /// What was written.
    pub key: Key,
}

/// The entries of one scope after its position, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Slice {
    /// Entries.
    pub entries: Vec<LogEntry>,
    /// There are more than were read.
    pub more: bool,
}

/// What a page takes of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogPage {
    /// Each aggregate once, with the number of its first entry, ascending.
    pub keys: Vec<(i64, Key)>,
    /// Everything up to and including this number is in the page.
    pub through: i64,
    /// It reaches the head.
    pub done: bool,
}

/// Merges the scopes' entries and takes at most `most` aggregates (at least one).
#[must_use]
pub fn page_of_log(slices: &[Slice], head: i64, most: usize) -> LogPage {
    let horizon = slices
        .iter()
        .filter(|s| s.more)
        .filter_map(|s| s.entries.last())
        .map(|e| e.seq)
        .min()
        .unwrap_or(head);
    let mut entries: Vec<LogEntry> = slices
        .iter()
        .flat_map(|s| &s.entries)
        .filter(|e| e.seq <= horizon)
        .copied()
        .collect();
    entries.sort_unstable_by_key(|e| e.seq);
    let mut seen = HashSet::new();
    let mut page = LogPage {
        keys: Vec::new(),
        through: horizon,
        done: horizon == head,
    };
    for entry in entries {
        if !seen.insert(entry.key) {
            continue;
        }
        if page.keys.len() == most.max(1) {
            page.through = entry.seq - 1;
            page.done = false;
            return page;
        }
        page.keys.push((entry.seq, entry.key));
    }
    page
}

impl LogPage {
    /// Keeps the first `count` aggregates only: the rest did not fit by size.
    pub fn keep(&mut self, count: usize) {
        if let Some((first_left_out, _)) = self.keys.get(count).copied() {
            self.through = first_left_out - 1;
            self.done = false;
            self.keys.truncate(count);
        }
    }
}

/// How many of the given sizes fit into `bytes`; at least one if the page is still empty (`used` is 0).
#[must_use]
pub fn how_many_fit(sizes: impl IntoIterator<Item = usize>, used: usize, bytes: usize) -> usize {
    let mut sum = used;
    let fitting = sizes.into_iter().take_while(|size| {
        sum = sum.saturating_add(*size);
        sum <= bytes
    });
    fitting.count().max(usize::from(used == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(entries: &[(i64, u128)], more: bool) -> Slice {
        let entry = |&(seq, id): &(i64, u128)| LogEntry {
            seq,
            key: (Kind::Order, Uuid::from_u128(id)),
        };
        Slice {
            entries: entries.iter().map(entry).collect(),
            more,
        }
    }

    fn ids(page: &LogPage) -> Vec<(i64, u128)> {
        page.keys
            .iter()
            .map(|(seq, (_, id))| (*seq, id.as_u128()))
            .collect()
    }

    #[test]
    fn a_page_holds_each_aggregate_once_in_order() {
        let page = page_of_log(
            &[
                slice(&[(1, 7), (4, 8)], false),
                slice(&[(2, 7), (3, 9)], false),
            ],
            6,
            10,
        );
        assert_eq!(ids(&page), [(1, 7), (3, 9), (4, 8)]);
        assert_eq!((page.through, page.done), (6, true));
    }

    #[test]
    fn a_full_page_ends_before_the_first_aggregate_left_out() {
        let page = page_of_log(&[slice(&[(1, 7), (2, 8), (3, 7), (5, 9)], false)], 6, 2);
        assert_eq!(ids(&page), [(1, 7), (2, 8)]);
        assert_eq!(
            (page.through, page.done),
            (4, false),
            "entry 3 belongs to an aggregate of the page"
        );
    }

    #[test]
    fn nothing_is_skipped_in_a_scope_of_which_more_was_not_read() {
        let page = page_of_log(
            &[
                slice(&[(1, 7), (3, 8)], true),
                slice(&[(2, 5), (9, 6)], false),
            ],
            9,
            10,
        );
        assert_eq!(
            ids(&page),
            [(1, 7), (2, 5), (3, 8)],
            "9 waits: the first scope may have entries before it"
        );
        assert_eq!((page.through, page.done), (3, false));
    }

    #[test]
    fn a_page_cut_by_size_still_holds_one() {
        assert_eq!(how_many_fit([10, 10, 10], 0, 20), 2);
        assert_eq!(how_many_fit([50, 10], 0, 20), 1);
        assert_eq!(how_many_fit([50, 10], 1, 20), 0, "it goes on the next page");
        let mut page = page_of_log(&[slice(&[(1, 7), (2, 8), (4, 9)], false)], 4, 10);
        page.keep(2);
        assert_eq!((ids(&page).len(), page.through, page.done), (2, 3, false));
        let mut whole = page_of_log(&[slice(&[(1, 7)], false)], 4, 10);
        whole.keep(1);
        assert!(whole.done, "nothing was left out");
    }
}
