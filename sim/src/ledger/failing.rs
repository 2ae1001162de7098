//! How the database goes down, and what a fail-over forgets for good.

use super::SimLedger;
use super::rows::Key;
use huishou_domain::{ids::DeviceId, sync::revocation::Mode};
use std::sync::Arc;
use uuid::Uuid;

impl SimLedger {
    /// Stops or starts it. Stopping rolls everything open back.
    pub fn set_up(&self, up: bool) {
        let mut inner = self.inner();
        inner.up = up;
        if !up {
            inner.reign += 1;
            inner.locks.clear();
            // MySQL 5.7 begins to count anew after a restart with the table empty.
            let empty = inner
                .tables
                .range(Key::Outbox(i64::MIN)..=Key::Outbox(i64::MAX))
                .next()
                .is_none();
            if empty {
                inner.next_outbox = 1;
            }
        }
        for waker in inner.sleepers.drain(..) {
            waker.wake();
        }
    }

    /// A replica takes over that lacks the newest `lost` commits; returns how many it did lack.
    pub fn fail_over(&self, lost: usize) -> usize {
        self.set_up(false);
        let mut inner = self.inner();
        let mut forgotten = 0;
        for _ in 0..lost {
            let Some(undo) = inner.undo.pop_back() else {
                break;
            };
            let made = undo.iter().filter(|(_, was)| was.is_none());
            inner.forgotten.extend(made.map(|(key, _)| key.clone()));
            let tables = Arc::make_mut(&mut inner.tables);
            for (key, was) in undo.into_iter().rev() {
                match was {
                    Some(row) => tables.insert(key, row),
                    None => tables.remove(&key),
                };
            }
            forgotten += 1;
        }
        let last = inner
            .tables
            .range(Key::Outbox(i64::MIN)..=Key::Outbox(i64::MAX))
            .next_back();
        inner.next_outbox = match last {
            Some((Key::Outbox(id), _)) => id + 1,
            _ => 1,
        };
        inner.counts.failovers += 1;
        inner.counts.forgotten += u64::try_from(forgotten).unwrap_or(0);
        inner.up = true;
        for waker in inner.sleepers.drain(..) {
            waker.wake();
        }
        forgotten
    }

    /// Whether a fail-over ever forgot this row.
    #[must_use]
    pub fn forgot(&self, key: &Key) -> bool {
        self.inner().forgotten.contains(key)
    }

    /// Whether a fail-over ever forgot what a device had handed in.
    #[must_use]
    pub fn forgot_handed_in(&self, device: Uuid) -> bool {
        let inner = self.inner();
        let (from, to) = (String::new(), "g".to_owned());
        let mut range = inner
            .forgotten
            .range(Key::Quarantined(device, from)..=Key::Quarantined(device, to));
        range.next().is_some()
    }

    /// Whether a fail-over ever forgot that somebody signed in on a device: of which it was is not known any more.
    #[must_use]
    pub fn forgot_session(&self, _: DeviceId) -> bool {
        let inner = self.inner();
        let mut range = inner
            .forgotten
            .range(Key::Chain(Uuid::nil())..=Key::Chain(Uuid::max()));
        range.next().is_some()
    }

    /// Whether a device was ever shut out so, whatever a fail-over has forgotten since.
    #[must_use]
    pub fn ever_shut(&self, device: DeviceId, mode: Mode) -> bool {
        self.inner().shut.contains(&(device.0, mode))
    }
}
