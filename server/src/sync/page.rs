//! Fills one page of a pull: first what is left of snapshots, then the log, then the tail without numbers.

use super::{
    cursor::Cursor,
    plan::{self, Key, page_of_log},
    ports::Pulling,
};
use crate::store::{StoreError, replica::Held};
use huishou_domain::sync::{
    message::{DropReason, Dropped, MAX_AGGREGATES, MAX_BYTES, Put},
    scope::{Kind, Scope},
};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Keys without a number that a cursor remembers; more are left to the daily checks.
const MOST_REMEMBERED: usize = 100;

/// What a page may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    aggregates: usize,
    bytes: usize,
}

impl Limit {
    /// Runs to the head whatever its size; a bound far beyond any real tail, so that a query has one.
    pub const NONE: Self = Self {
        aggregates: 1_000_000,
        bytes: usize::MAX,
    };

    /// So many aggregates, within the message's own limits.
    #[must_use]
    pub fn of(aggregates: usize) -> Self {
        Self {
            aggregates: aggregates.clamp(1, MAX_AGGREGATES),
            bytes: MAX_BYTES,
        }
    }
}

/// How far a page got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// With this page the device holds its scopes as of the snapshot.
    Complete,
    /// There is more.
    More,
    /// Nothing but a tail that does not fit.
    TailTooLarge,
}

/// The ids of a kind after one and up to another; without that, to the kind's end.
struct Part {
    kind: Kind,
    after: Option<Uuid>,
    through: Option<Uuid>,
}

impl Part {
    fn has(&self, (kind, id): Key) -> bool {
        kind == self.kind
            && self.after.is_none_or(|after| id > after)
            && self.through.is_none_or(|through| id <= through)
    }
}

/// A page being filled.
pub struct Page<'a, S> {
    snapshot: &'a mut S,
    held: &'a BTreeSet<Scope>,
    head: i64,
    cursor: Cursor,
    limit: Limit,
    bytes: usize,
    seen: HashSet<Key>,
    /// What of snapshots was read for it.
    parts: Vec<Part>,
    puts: Vec<Put>,
    drops: Vec<Dropped>,
}

impl<'a, S: Pulling> Page<'a, S> {
    /// An empty page that goes on at `cursor`, in a snapshot whose log reaches `head`.
    pub fn new(
        snapshot: &'a mut S,
        held: &'a BTreeSet<Scope>,
        head: i64,
        cursor: Cursor,
        limit: Limit,
    ) -> Self {
        Self {
            snapshot,
            held,
            head,
            cursor,
            limit,
            bytes: 0,
            seen: HashSet::new(),
            parts: Vec::new(),
            puts: Vec::new(),
            drops: Vec::new(),
        }
    }

    /// What it holds, and where the next one goes on.
    #[must_use]
    pub fn take(self) -> (Vec<Put>, Vec<Dropped>, Cursor) {
        (self.puts, self.drops, self.cursor)
    }

    /// Fills it.
    ///
    /// # Errors
    /// Of the database.
    pub async fn fill(&mut self) -> Result<Filled, StoreError> {
        if !self.read_snapshots().await? {
            return self.more().await;
        }
        if !self.read_log().await? {
            self.cursor.pages += 1;
            return self.more().await;
        }
        let numbered = self.seen.len();
        if !self.read_former_tail().await? {
            self.cursor.pages += 1;
            return self.more().await;
        }
        if self.read_tail().await? {
            return Ok(Filled::Complete);
        }
        if numbered == 0 {
            return Ok(Filled::TailTooLarge);
        }
        self.cursor.pages += 1;
        self.more().await
    }

    fn room(&self) -> usize {
        self.limit.aggregates.saturating_sub(self.seen.len())
    }

    /// True once no scope is left in its snapshot.
    async fn read_snapshots(&mut self) -> Result<bool, StoreError> {
        let open: Vec<Scope> = self
            .cursor
            .scopes
            .iter()
            .filter(|(_, p)| p.snapshot.is_some())
            .map(|(s, _)| s.clone())
            .collect();
        for scope in open {
            while let Some(at) = self.cursor.scopes.get(&scope).and_then(|p| p.snapshot) {
                if !self
                    .read_snapshot_part(&scope, at.kind, at.after_id)
                    .await?
                {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Reads on in one kind of one scope; false when the page is full.
    async fn read_snapshot_part(
        &mut self,
        scope: &Scope,
        kind: Kind,
        after: Option<Uuid>,
    ) -> Result<bool, StoreError> {
        let room = self.room();
        if room == 0 || self.bytes >= self.limit.bytes {
            return Ok(false);
        }
        let (keys, loaded) = self.snapshot.part(scope, kind, after, room).await?;
        let last_part = keys.len() < room;
        let taken = self.add_loaded(&keys, loaded);
        let position = self.cursor.scopes.get_mut(scope);
        let at = position.and_then(|p| p.snapshot.as_mut());
        let last_id = taken.checked_sub(1).and_then(|i| keys.get(i));
        if let (Some(at), Some((_, id))) = (at, last_id) {
            at.after_id = Some(*id);
        }
        let is_whole = taken == keys.len();
        if is_whole || taken > 0 {
            let through = last_id.filter(|_| !(is_whole && last_part));
            self.parts.push(Part {
                kind,
                after,
                through: through.map(|(_, id)| *id),
            });
        }
        if !is_whole {
            return Ok(false);
        }
        if last_part {
            self.next_kind(scope, kind);
        }
        Ok(true)
    }

    /// Goes on with the next kind; after the last one the scope continues in the log.
    fn next_kind(&mut self, scope: &Scope, kind: Kind) {
        let Some(position) = self.cursor.scopes.get_mut(scope) else {
            return;
        };
        let next = Kind::ALL
            .iter()
            .position(|k| *k == kind)
            .and_then(|i| Kind::ALL.get(i + 1));
        match (next, &mut position.snapshot) {
            (Some(next), Some(at)) => {
                at.kind = *next;
                at.after_id = None;
            }
            _ => {
                position.seq = position.snapshot.map_or(position.seq, |at| at.base_seq);
                position.snapshot = None;
            }
        }
    }

    /// True once everything numbered is in.
    async fn read_log(&mut self) -> Result<bool, StoreError> {
        let room = self.room();
        if room == 0 {
            return Ok(false);
        }
        let mut slices = Vec::new();
        for (scope, position) in &self.cursor.scopes {
            slices.push(
                self.snapshot
                    .slice(scope, position.seq, self.head, room + 1)
                    .await?,
            );
        }
        let mut page = page_of_log(&slices, self.head, room);
        let keys: Vec<Key> = page.keys.iter().map(|(_, key)| *key).collect();
        let taken = self.add(&keys).await?;
        page.keep(taken);
        for position in self.cursor.scopes.values_mut() {
            position.seq = position.seq.max(page.through);
        }
        Ok(page.done)
    }

    /// What the device was shown without a number and the log has not named since, once more: mostly nothing, unless
    /// the server was set back to before it. True once all of it is in.
    async fn read_former_tail(&mut self) -> Result<bool, StoreError> {
        let mut former = std::mem::take(&mut self.cursor.tail);
        former.retain(|key| !self.seen.contains(key));
        if former.len() > self.room() && !self.seen.is_empty() {
            self.cursor.tail = former;
            return Ok(false);
        }
        // Never more than are remembered: an empty page takes them whatever its limit.
        let taken = self.add(&former).await?;
        self.cursor.tail = former.split_off(taken);
        Ok(self.cursor.tail.is_empty())
    }

    /// True if the keys without a number fit in too.
    async fn read_tail(&mut self) -> Result<bool, StoreError> {
        let held: Vec<Scope> = self.held.iter().cloned().collect();
        let room = self.room();
        // The former tail may have filled more than a page: one beyond what is seen has to be among them.
        let most = self.limit.aggregates.max(self.seen.len()) + 1;
        let mut keys = self.snapshot.unsequenced(&held, most).await?;
        let all = keys.clone();
        keys.retain(|key| !self.seen.contains(key));
        if keys.len() > room || self.add(&keys).await? < keys.len() {
            return Ok(false);
        }
        if all.len() <= MOST_REMEMBERED {
            self.cursor.tail = all;
        }
        Ok(true)
    }

    /// There is more. What this page shows without a number, or leaves out of a snapshot because it went without a
    /// number, is shown again before the last one: the server may be set back between the two.
    async fn more(&mut self) -> Result<Filled, StoreError> {
        let held: Vec<Scope> = self.held.iter().cloned().collect();
        let most = self.limit.aggregates.max(MOST_REMEMBERED) + 1;
        for key in self.snapshot.unsequenced(&held, most).await? {
            let is_told = self.seen.contains(&key) || self.parts.iter().any(|part| part.has(key));
            let is_new = is_told && !self.cursor.tail.contains(&key);
            if is_new && self.cursor.tail.len() < MOST_REMEMBERED {
                self.cursor.tail.push(key);
            }
        }
        Ok(Filled::More)
    }

    /// Adds the aggregates as they are, as far as they fit by size; returns how many of `keys` are in.
    async fn add(&mut self, keys: &[Key]) -> Result<usize, StoreError> {
        let fresh: Vec<Key> = keys
            .iter()
            .filter(|key| !self.seen.contains(key))
            .copied()
            .collect();
        let loaded = self.snapshot.load(&fresh).await?;
        Ok(self.add_loaded(keys, loaded))
    }

    /// The same of aggregates just read.
    fn add_loaded(&mut self, keys: &[Key], mut loaded: HashMap<Key, Held>) -> usize {
        let sizes = keys.iter().map(|key| {
            if self.seen.contains(key) {
                0
            } else {
                size(loaded.get(key))
            }
        });
        let count = plan::how_many_fit(sizes, self.bytes, self.limit.bytes).min(keys.len());
        for key in &keys[..count] {
            if self.seen.insert(*key) {
                let held = loaded.remove(key);
                self.bytes = self.bytes.saturating_add(size(held.as_ref()));
                self.show(*key, held);
            }
        }
        count
    }

    /// A put of what the device may still see, otherwise a drop.
    fn show(&mut self, (kind, id): Key, held: Option<Held>) {
        let Some(held) = held else {
            self.drops.push(Dropped {
                kind,
                id,
                reason: DropReason::Deleted,
            });
            return;
        };
        let scopes: Vec<Scope> = held
            .scopes
            .into_iter()
            .filter(|scope| self.held.contains(scope))
            .collect();
        if scopes.is_empty() {
            self.drops.push(Dropped {
                kind,
                id,
                reason: DropReason::Left,
            });
        } else {
            self.puts.push(Put {
                kind,
                id,
                version: held.version,
                scopes,
                body: held.body,
            });
        }
    }
}

/// Bytes an aggregate takes in a page; one that is no more takes none.
fn size(held: Option<&Held>) -> usize {
    held.map_or(0, |held| held.body.text().len())
}
