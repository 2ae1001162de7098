//! What the connections to one file share: the locks of the file and of its write-ahead log, and the memory that indexes
//! the log. One thread runs, so that nobody ever waits: who does not get a lock is told so.

use std::collections::BTreeMap;

/// Levels of a file's lock, as SQLite counts them.
const SHARED: i32 = 1;
const RESERVED: i32 = 2;
const PENDING: i32 = 3;

/// Locks that one connection has.
#[derive(Debug, Default)]
struct Held {
    level: i32,
    /// Slots of the log's index, a bit each.
    shared: u32,
    exclusive: u32,
}

/// What is shared; it goes with the last connection, as after a crash.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    regions: Vec<Box<[u64]>>,
    held: BTreeMap<u64, Held>,
}

impl Sharing {
    fn others(&self, who: u64) -> impl Iterator<Item = &Held> {
        let others = self.held.iter().filter(move |(id, _)| **id != who);
        others.map(|(_, held)| held)
    }

    /// Takes the file's lock of a level, if that is free.
    pub(super) fn lock(&mut self, who: u64, level: i32) -> bool {
        let from = match level {
            SHARED => PENDING,
            RESERVED => RESERVED,
            _ => SHARED,
        };
        if self.others(who).any(|other| other.level >= from) {
            return false;
        }
        let held = self.held.entry(who).or_default();
        held.level = held.level.max(level);
        true
    }

    /// Keeps the file's lock of this level only.
    pub(super) fn unlock(&mut self, who: u64, level: i32) {
        self.held.entry(who).or_default().level = level;
    }

    /// Whether somebody else is about to write.
    pub(super) fn is_reserved(&self, who: u64) -> bool {
        self.others(who).any(|other| other.level >= RESERVED)
    }

    /// Takes slots of the log's index, if they are free.
    pub(super) fn take(&mut self, who: u64, slots: u32, exclusive: bool) -> bool {
        let in_the_way = |other: &Held| {
            let theirs = if exclusive {
                other.exclusive | other.shared
            } else {
                other.exclusive
            };
            theirs & slots != 0
        };
        if self.others(who).any(in_the_way) {
            return false;
        }
        let held = self.held.entry(who).or_default();
        if exclusive {
            held.exclusive |= slots;
        } else {
            held.shared |= slots;
        }
        true
    }

    /// Gives slots of the log's index back.
    pub(super) fn give(&mut self, who: u64, slots: u32) {
        let held = self.held.entry(who).or_default();
        held.exclusive &= !slots;
        held.shared &= !slots;
    }

    /// A connection is gone.
    pub(super) fn leave(&mut self, who: u64) {
        self.held.remove(&who);
    }

    /// A page of the log's index; none where it is not there and is not to be made.
    pub(super) fn region(&mut self, page: usize, words: usize, make: bool) -> Option<*mut u64> {
        while make && self.regions.len() <= page {
            self.regions.push(vec![0_u64; words].into_boxed_slice());
        }
        // A boxed region keeps its address.
        self.regions.get_mut(page).map(|region| region.as_mut_ptr())
    }
}
