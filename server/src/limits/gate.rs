//! Turns: so many requests of a kind are worked on at once, few wait, and the rest are told so at once. A crowd of one kind
//! keeps no other kind out.

use crate::{config::Guard, problem::Problem};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Seconds after which who was turned away may try again.
const RETRY_AFTER: u32 = 1;

/// One kind of requests.
#[derive(Debug)]
pub struct Gate {
    name: &'static str,
    turns: Semaphore,
    waiting: AtomicUsize,
    queue: usize,
    patience: Duration,
}

/// Somebody who waits; dropped when their turn comes or they leave.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    fn new(name: &'static str, guard: &Guard) -> Self {
        Self {
            name,
            turns: Semaphore::new(guard.at_once.min(Semaphore::MAX_PERMITS)),
            waiting: AtomicUsize::new(0),
            queue: guard.queue,
            patience: Duration::from_millis(guard.queue_millis),
        }
    }

    /// A turn, at once or after a short wait.
    ///
    /// # Errors
    /// 503 `overloaded`.
    pub async fn enter(&self) -> Result<SemaphorePermit<'_>, Problem> {
        if let Ok(turn) = self.turns.try_acquire() {
            return Ok(turn);
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.queue {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(self.overloaded());
        }
        let _waiting = Waiting(&self.waiting);
        match tokio::time::timeout(self.patience, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(self.overloaded()),
        }
    }

    fn overloaded(&self) -> Problem {
        metrics::counter!("requests_shed_total", "kind" => self.name).increment(1);
        Problem::unavailable("overloaded", RETRY_AFTER)
    }
}

/// The gates, by importance: what comes first is never kept out by what comes after.
#[derive(Debug)]
pub struct Gates {
    /// Signing in, refreshing, pairing.
    pub sign_in: Gate,
    /// Staff and their devices.
    pub staff: Gate,
    /// Customers and partners.
    pub rest: Gate,
}

impl Gates {
    /// As configured.
    #[must_use]
    pub fn new(guard: &Guard) -> Self {
        Self {
            sign_in: Gate::new("sign_in", guard),
            staff: Gate::new("staff", guard),
            rest: Gate::new("rest", guard),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn gate(at_once: usize, queue: usize, patience: Duration) -> Gate {
        Gate {
            name: "test",
            turns: Semaphore::new(at_once),
            waiting: AtomicUsize::new(0),
            queue,
            patience,
        }
    }

    #[tokio::test]
    async fn few_wait_and_the_rest_is_told_at_once() {
        let gate = gate(1, 1, Duration::from_secs(60));
        let turn = gate.enter().await.unwrap();
        let mut next = Box::pin(gate.enter());
        tokio::select! {
            biased;
            _ = &mut next => unreachable!("there is one turn"),
            () = tokio::task::yield_now() => {}
        }
        let refused = gate.enter().await.unwrap_err();
        assert_eq!((refused.status, refused.code.as_str()), (503, "overloaded"));
        assert_eq!(refused.retry_after, Some(RETRY_AFTER));
        drop(turn);
        assert!(next.await.is_ok(), "whoever waited gets the turn");
    }

    #[tokio::test]
    async fn who_waits_too_long_or_leaves_makes_room_in_the_queue() {
        let gate = gate(1, 1, Duration::from_millis(1));
        let _turn = gate.enter().await.unwrap();
        assert_eq!(gate.enter().await.unwrap_err().code, "overloaded");
        {
            let mut leaving = Box::pin(gate.enter());
            tokio::select! {
                biased;
                _ = &mut leaving => unreachable!("there is one turn"),
                () = tokio::task::yield_now() => {}
            }
        }
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 0);
    }
}
