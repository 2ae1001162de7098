//! Listening for hints beside the loop, and being the first to notice that the network is back.

use super::{Engine, courier::Courier};
use crate::sync::hints::{self, Ear, Heard, Ladder, Listener, Pace};
use rand::Rng;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

/// How often it is looked whether listening is wanted at all.
const LOOK: Duration = Duration::from_secs(5);
/// A hint that reaches many devices at once must not bring all of them back at once.
const MOST_JITTER: Duration = Duration::from_millis(300);

impl Engine {
    /// Listens until the process ends.
    pub(super) async fn listen(&self) {
        self.listen_at(&Pace::default()).await;
    }

    pub(crate) async fn listen_at(&self, pace: &Pace) {
        let (mut ladder, mut ear) = (Ladder::default(), Ear::default());
        loop {
            if !self.may_contact() || self.waits_for_upgrade() {
                tokio::time::sleep(LOOK.min(pace.rest)).await;
                continue;
            }
            let heard = tokio::select! {
                heard = self.attempt_to_listen(&ladder, &mut ear, pace) => heard,
                () = self.unwanted() => Heard::Something,
            };
            self.inner
                .hinted
                .store(heard == Heard::Something, Ordering::SeqCst);
            let pause = ladder.after(heard, pace);
            tokio::time::sleep(pause).await;
        }
    }

    /// Ends when the loop has been woken, in its place.
    #[cfg(test)]
    pub(crate) async fn woken(&self) {
        self.inner.wake.notified().await;
    }

    async fn attempt_to_listen(&self, ladder: &Ladder, ear: &mut Ear, pace: &Pace) -> Heard {
        let courier = match Courier::new(self) {
            Ok(courier) => courier,
            Err(_) => return Heard::Away,
        };
        let token = match courier.token().await {
            Ok(token) => token,
            Err(error) if hints::is_away(&error) => return Heard::Away,
            Err(_) => return Heard::Busy,
        };
        let waking = Waking {
            engine: self,
            was_away: AtomicBool::new(ladder.was_away()),
        };
        let heard = hints::listen(courier.wire(), &token, ladder.way(), pace, ear, &waking).await;
        if heard == Heard::SignedOut && courier.renew(Some(&token)).await.is_err() {
            // The loop finds out why and says so.
            return Heard::Busy;
        }
        heard
    }

    /// Ends when nobody wants to hear any more: signed out, practising, or the switch is off.
    async fn unwanted(&self) {
        while self.may_contact() {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Wakes the loop.
struct Waking<'a> {
    engine: &'a Engine,
    was_away: AtomicBool,
}

impl Listener for Waking<'_> {
    fn connected(&self) {
        self.engine.inner.hinted.store(true, Ordering::SeqCst);
        if self.was_away.swap(false, Ordering::SeqCst) {
            tracing::info!("the network is back");
            self.engine.inner.wake.notify_one();
        }
    }

    fn hint(&self) {
        let engine = self.engine.clone();
        let jitter = rand::rng().random_range(Duration::ZERO..MOST_JITTER);
        tokio::spawn(async move {
            tokio::time::sleep(jitter).await;
            engine.inner.wake.notify_one();
        });
    }
}
