//! Row locks: exclusive, held to the end of the transaction; a circle of waiters is broken at whoever closes it.

use super::{SimLedger, rows::Key};
use crate::executor::{SECOND, first};
use huishou_server::store::StoreError;
use std::{
    collections::BTreeMap,
    future::poll_fn,
    task::{Poll, Waker},
};

/// `innodb_lock_wait_timeout`, as the server sets it.
const LOCK_WAIT: u64 = 5 * SECOND;

/// Who holds and who waits.
#[derive(Debug, Default)]
pub struct Locks {
    holders: BTreeMap<Key, u64>,
    waits: BTreeMap<u64, Key>,
    wakers: Vec<Waker>,
}

impl Locks {
    /// Forgets everything: the database restarts.
    pub fn clear(&mut self) {
        self.holders.clear();
        self.waits.clear();
        self.wake();
    }

    fn wake(&mut self) {
        for waker in self.wakers.drain(..) {
            waker.wake();
        }
    }

    /// Gives up all locks of a transaction.
    pub fn release(&mut self, tx: u64) {
        self.holders.retain(|_, holder| *holder != tx);
        self.waits.remove(&tx);
        self.wake();
    }

    /// Takes the lock if it is free or held already; otherwise notes the wait.
    fn take(&mut self, tx: u64, key: &Key) -> Taken {
        match self.holders.get(key) {
            None => {
                self.holders.insert(key.clone(), tx);
                self.waits.remove(&tx);
                Taken::Yes
            }
            Some(holder) if *holder == tx => Taken::Yes,
            Some(_) => {
                self.waits.insert(tx, key.clone());
                if self.is_circle(tx) {
                    self.waits.remove(&tx);
                    Taken::Deadlock
                } else {
                    Taken::Waits
                }
            }
        }
    }

    fn is_circle(&self, tx: u64) -> bool {
        let mut at = tx;
        for _ in 0..=self.waits.len() {
            let Some(holder) = self.waits.get(&at).and_then(|key| self.holders.get(key)) else {
                return false;
            };
            if *holder == tx {
                return true;
            }
            at = *holder;
        }
        false
    }
}

enum Taken {
    Yes,
    Waits,
    Deadlock,
}

/// Waits for a row's lock.
///
/// # Errors
/// A deadlock, or a wait that took too long.
pub async fn acquire(ledger: &SimLedger, tx: u64, reign: u64, key: &Key) -> Result<(), StoreError> {
    let mut waited = false;
    let wait = poll_fn(|context| {
        let mut inner = ledger.inner();
        if !inner.up || inner.reign != reign {
            return Poll::Ready(Err(StoreError::unavailable("the database went away")));
        }
        match inner.locks.take(tx, key) {
            Taken::Yes => Poll::Ready(Ok(())),
            Taken::Deadlock => {
                inner.counts.deadlocks += 1;
                Poll::Ready(Err(StoreError::busy("deadlock")))
            }
            Taken::Waits => {
                if !waited {
                    waited = true;
                    inner.counts.waits += 1;
                }
                inner.locks.wakers.push(context.waker().clone());
                Poll::Pending
            }
        }
    });
    match first(wait, ledger.executor.sleep(LOCK_WAIT)).await {
        Ok(done) => done,
        Err(()) => Err(StoreError::busy("lock wait timeout exceeded")),
    }
}
