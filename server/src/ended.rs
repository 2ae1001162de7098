//! Sessions that ended while access tokens of theirs are still good: kept in memory, so that each request is answered
//! without a query, and filled from the database a few times a second, so that a session ended at one instance is over
//! at all of them within a second.

use crate::{app::App, store::ended_sessions};
use chrono::{DateTime, TimeDelta, Utc};
use std::{
    collections::HashMap,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Between two looks.
const EVERY: Duration = Duration::from_millis(300);
/// How far each look goes back: clocks of instances differ, and a transaction takes its time from the change to the
/// commit.
const BACK: TimeDelta = TimeDelta::seconds(60);
/// Every so many looks goes back as far as a token may live.
const FAR: u32 = 200;

/// Sessions that ended, with the time of their end.
#[derive(Debug, Default)]
pub struct Ended {
    any: AtomicBool,
    sessions: RwLock<HashMap<Uuid, DateTime<Utc>>>,
}

impl Ended {
    /// Whether a session has ended.
    #[must_use]
    pub fn holds(&self, session: Uuid) -> bool {
        self.any.load(Ordering::Acquire) && self.read().contains_key(&session)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<Uuid, DateTime<Utc>>> {
        self.sessions.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an end.
    pub fn note(&self, session: Uuid, at: DateTime<Utc>) {
        self.note_all(vec![(session, at)]);
    }

    fn note_all(&self, found: Vec<(Uuid, DateTime<Utc>)>) {
        let known = self.read();
        let new: Vec<_> = found
            .into_iter()
            .filter(|(session, _)| !known.contains_key(session))
            .collect();
        drop(known);
        if new.is_empty() {
            return;
        }
        let mut sessions = self
            .sessions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        sessions.extend(new);
        self.any.store(true, Ordering::Release);
    }

    /// Forgets those whose last token is over.
    fn forget(&self, before: DateTime<Utc>) {
        let mut sessions = self
            .sessions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, at| *at >= before);
        sessions.shrink_to_fit();
        self.any.store(!sessions.is_empty(), Ordering::Release);
    }
}

/// Fills it as far back as a token may live. Called before the server listens: what it has missed counts.
pub async fn fill(app: &App) {
    look(app, app.tokens.longest_life() + BACK).await;
}

/// Follows the database until `stop`.
pub async fn follow(app: App, stop: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut looks = 0_u32;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        looks = looks.wrapping_add(1);
        if looks.is_multiple_of(FAR) {
            fill(&app).await;
            let life = app.tokens.longest_life() + BACK;
            app.tokens.ended().forget(app.now() - life);
        } else {
            look(&app, BACK).await;
        }
    }
}

async fn look(app: &App, back: TimeDelta) {
    let found = async {
        let mut conn = app.db.pulse().await?;
        ended_sessions::since(&mut conn, app.now() - back).await
    };
    match found.await {
        Ok(found) => app.tokens.ended().note_all(found),
        Err(error) => {
            tracing::warn!(%error, "ended sessions could not be read; their tokens may be taken until they run out");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_end_is_known_until_no_token_of_the_session_can_be_good() {
        let ended = Ended::default();
        let (now, session) = (
            DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            Uuid::from_u128(1),
        );
        assert!(!ended.holds(session));
        ended.note(session, now);
        assert!(ended.holds(session) && !ended.holds(Uuid::from_u128(2)));
        ended.forget(now);
        assert!(ended.holds(session));
        ended.forget(now + TimeDelta::seconds(1));
        assert!(!ended.holds(session));
    }
}
