//! The line of bookings: who is taken next, and who has to wait for a twin.

use super::{NewBooking, Waiting};
use crate::{once::Reply, problem::Problem, store::idempotency::Keyed};
use std::collections::{HashSet, VecDeque};
use tokio::sync::oneshot;
use uuid::Uuid;

/// Longest answers of one transaction together: what is written stays far below the packet the smallest server takes.
const LONGEST: usize = 256 * 1024;

/// What makes two keyed requests twins.
type Key = (Uuid, String, String, String);

#[derive(Debug)]
pub(super) struct Line {
    waiting: VecDeque<Waiting>,
    /// Keys of what is being written, by any writer.
    writing: HashSet<Key>,
    /// Transactions in the making that are no writer's any more.
    apart: usize,
    writers: usize,
    most: usize,
    most_writers: usize,
    next: u64,
}

impl Line {
    pub(super) fn new(most: usize, most_writers: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            writing: HashSet::new(),
            apart: 0,
            writers: 0,
            most,
            most_writers,
            next: 0,
        }
    }

    /// Lines up at the end; says whether that calls for one more writer.
    pub(super) fn join(
        &mut self,
        booking: NewBooking,
        caller: oneshot::Sender<Result<Reply, Problem>>,
    ) -> (u64, bool) {
        self.next += 1;
        self.waiting.push_back(Waiting {
            booking,
            ticket: self.next,
            caller,
        });
        (self.next, self.starts())
    }

    /// A second writer makes smaller transactions of the same bookings, which cost more: it comes when one does not keep up.
    fn starts(&mut self) -> bool {
        let behind = self.writers == 0 || self.waiting.len() > self.most;
        let starts = behind && self.writers < self.most_writers;
        self.writers += usize::from(starts);
        starts
    }

    /// Those to be written next, a power of two of them so that their statements are prepared once: the first in the
    /// line, without those whose twin is being written or goes before them. None: the writer ends.
    pub(super) fn take(&mut self) -> Vec<Waiting> {
        self.waiting.retain(|one| !one.caller.is_closed());
        let chosen = self.next_ones();
        if chosen.is_empty() {
            self.writers -= 1;
            return Vec::new();
        }
        let mut taken = Vec::with_capacity(chosen.len());
        let mut left = VecDeque::with_capacity(self.waiting.len() - chosen.len());
        let mut chosen = chosen.into_iter().peekable();
        for (place, one) in self.waiting.drain(..).enumerate() {
            if chosen.next_if_eq(&place).is_some() {
                taken.push(one);
            } else {
                left.push_back(one);
            }
        }
        self.waiting = left;
        self.apart += 1;
        self.writing
            .extend(taken.iter().filter_map(key).map(|keyed| parts(&keyed)));
        taken
    }

    fn next_ones(&self) -> Vec<usize> {
        let mut chosen = Vec::new();
        let (mut seen, mut length) = (HashSet::new(), 0);
        for (place, one) in self.waiting.iter().enumerate() {
            if let Some(keyed) = &one.booking.keyed {
                let key = parts(keyed);
                if self.writing.contains(&key) || !seen.insert(key) {
                    continue;
                }
            }
            length += one.booking.answer.len();
            if chosen.len() == self.most || (length > LONGEST && !chosen.is_empty()) {
                break;
            }
            chosen.push(place);
        }
        let power = chosen.len().checked_ilog2().map_or(0, |log| 1 << log);
        chosen.truncate(power);
        chosen
    }

    /// These have their answers. Says whether those who waited for them call for a writer.
    pub(super) fn written(&mut self, keys: &[Keyed]) -> bool {
        self.apart -= 1;
        for keyed in keys {
            self.writing.remove(&parts(keyed));
        }
        !self.waiting.is_empty() && self.starts()
    }

    /// A writer was given up in the midst of its work.
    pub(super) const fn writer_lost(&mut self) {
        self.writers -= 1;
    }

    /// Takes out of the line whoever still waits for a twin that is being written.
    pub(super) fn leave_to_twin(&mut self, ticket: u64) -> bool {
        let place = self.waiting.iter().position(|one| {
            let key = one.booking.keyed.as_ref().map(parts);
            one.ticket == ticket && key.is_some_and(|key| self.writing.contains(&key))
        });
        place.and_then(|place| self.waiting.remove(place)).is_some()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.writers == 0 && self.apart == 0
    }
}

#[cfg(test)]
mod tests;

/// The key of one that has one.
pub(super) fn key(one: &Waiting) -> Option<Keyed> {
    one.booking.keyed.clone()
}

fn parts(keyed: &Keyed) -> Key {
    (
        keyed.caller,
        keyed.method.clone(),
        keyed.route.clone(),
        keyed.key.clone(),
    )
}
