//! Bodies of visits as they were read lately, so that many devices of a station, and a device that begins anew, do not
//! have the database and this server make the same text again. Each is kept with the version and the time of the write
//! that made it: who wants it reads these two afresh, in the page's own snapshot, and takes the body only where both are
//! the same. Every write raises the version; where the history was set back and a version comes a second time, the time
//! is another.

use crate::sync::plan::Key;
use chrono::{DateTime, Utc};
use huishou_domain::sync::body::Body;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// What a body takes beside its text.
const BESIDE: usize = 120;

/// Which write made a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Raised by every write.
    pub version: i64,
    /// When it was written.
    pub at: DateTime<Utc>,
}

/// Bodies read lately, of appointments and orders.
#[derive(Debug)]
pub struct Bodies {
    halves: Mutex<Halves>,
    /// Bytes of the younger half at most; the older half is never more.
    most: usize,
}

/// What is used comes into the younger half; when that is full, it is the older one and what nobody used goes.
#[derive(Debug, Default)]
struct Halves {
    /// The history they were read in.
    epoch: Uuid,
    young: HashMap<Key, (Stamp, Body)>,
    old: HashMap<Key, (Stamp, Body)>,
    /// Of the younger half.
    bytes: usize,
}

/// As the settings have it by default.
impl Default for Bodies {
    fn default() -> Self {
        Self::new(16 << 20)
    }
}

impl Bodies {
    /// None yet; at most so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            halves: Mutex::default(),
            most: bytes / 2,
        }
    }

    fn halves(&self) -> MutexGuard<'_, Halves> {
        self.halves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bodies are read in this history from now on: those of another one go.
    pub(super) fn of(&self, epoch: Uuid) {
        let mut halves = self.halves();
        if halves.epoch != epoch {
            *halves = Halves {
                epoch,
                ..Halves::default()
            };
        }
    }

    /// The bodies that these writes made, each handed to `found`; answers the keys whose body is not here.
    pub(super) fn take(
        &self,
        wanted: &[(Key, Stamp)],
        mut found: impl FnMut(usize, Body),
    ) -> Vec<Key> {
        let mut halves = self.halves();
        let mut missing = Vec::new();
        for (place, (key, stamp)) in wanted.iter().enumerate() {
            match halves.get(key, *stamp, self.most) {
                Some(body) => found(place, body),
                None => missing.push(*key),
            }
        }
        missing
    }

    /// Whether any body of this aggregate is here, of whichever write.
    pub(super) fn know(&self, keys: &[Key]) -> Vec<bool> {
        let halves = self.halves();
        let knows = |key: &Key| halves.young.contains_key(key) || halves.old.contains_key(key);
        keys.iter().map(knows).collect()
    }

    /// Keeps bodies just read.
    pub(super) fn keep(&self, read: impl Iterator<Item = (Key, Stamp, Body)>) {
        if self.most == 0 {
            return;
        }
        let mut halves = self.halves();
        for (key, stamp, body) in read {
            halves.old.remove(&key);
            halves.put(key, stamp, body, self.most);
        }
    }
}

impl Halves {
    fn get(&mut self, key: &Key, stamp: Stamp, most: usize) -> Option<Body> {
        if let Some((made, body)) = self.young.get(key) {
            return (*made == stamp).then(|| body.clone());
        }
        let (made, body) = self.old.remove(key)?;
        if made != stamp {
            return None;
        }
        self.put(*key, stamp, body.clone(), most);
        Some(body)
    }

    fn put(&mut self, key: Key, stamp: Stamp, body: Body, most: usize) {
        self.bytes += body.text().len() + BESIDE;
        if let Some((_, before)) = self.young.insert(key, (stamp, body)) {
            self.bytes = self.bytes.saturating_sub(before.text().len() + BESIDE);
        }
        if self.bytes > most {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use huishou_domain::sync::scope::Kind;
    use serde_json::json;

    const MOST_BYTES: usize = 1 << 20;

    fn key(id: u128) -> Key {
        (Kind::Order, Uuid::from_u128(id))
    }

    fn stamp(version: i64, second: i64) -> Stamp {
        Stamp {
            version,
            at: DateTime::from_timestamp(second, 0).unwrap(),
        }
    }

    fn found(bodies: &Bodies, id: u128, stamp: Stamp) -> Option<String> {
        let mut body = None;
        let missing = bodies.take(&[(key(id), stamp)], |_, found| body = Some(found));
        assert_eq!(missing.is_empty(), body.is_some());
        body.map(|body| body.text().to_owned())
    }

    fn keep(bodies: &Bodies, id: u128, stamp: Stamp, text: &str) {
        bodies.keep(std::iter::once((key(id), stamp, Body::from(json!(text)))));
    }

    #[test]
    fn a_body_is_found_by_the_write_that_made_it_and_by_no_other() {
        let bodies = Bodies::new(2 * MOST_BYTES);
        keep(&bodies, 1, stamp(3, 100), "three");
        assert_eq!(
            found(&bodies, 1, stamp(3, 100)).as_deref(),
            Some("\"three\"")
        );
        assert_eq!(found(&bodies, 1, stamp(4, 101)), None, "written since");
        assert_eq!(
            found(&bodies, 1, stamp(3, 101)),
            None,
            "the same version of a history that was set back"
        );
        assert_eq!(found(&bodies, 2, stamp(3, 100)), None);
        keep(&bodies, 1, stamp(4, 101), "four");
        assert_eq!(
            found(&bodies, 1, stamp(4, 101)).as_deref(),
            Some("\"four\"")
        );
        assert_eq!(found(&bodies, 1, stamp(3, 100)), None);
        assert_eq!(bodies.know(&[key(1), key(2)]), [true, false]);
    }

    #[test]
    fn another_history_finds_nothing_of_the_one_before() {
        let bodies = Bodies::new(2 * MOST_BYTES);
        bodies.of(Uuid::from_u128(1));
        keep(&bodies, 1, stamp(3, 100), "three");
        bodies.of(Uuid::from_u128(1));
        assert!(found(&bodies, 1, stamp(3, 100)).is_some());
        bodies.of(Uuid::from_u128(2));
        assert_eq!(found(&bodies, 1, stamp(3, 100)), None);
    }

    #[test]
    fn what_nobody_asks_for_goes_and_what_is_used_stays() {
        let bodies = Bodies::new(2 * MOST_BYTES);
        let long = "x".repeat(MOST_BYTES / 8);
        keep(&bodies, 0, stamp(1, 0), "used");
        for id in 1..=40 {
            keep(&bodies, id, stamp(1, 0), &long);
            assert!(found(&bodies, 0, stamp(1, 0)).is_some(), "after {id}");
        }
        assert_eq!(found(&bodies, 1, stamp(1, 0)), None);
        assert!(found(&bodies, 40, stamp(1, 0)).is_some());
        let halves = bodies.halves();
        let held = halves.young.values().chain(halves.old.values());
        let bytes: usize = held.map(|(_, body)| body.text().len()).sum();
        assert!(bytes <= 2 * MOST_BYTES + long.len());
    }
}
