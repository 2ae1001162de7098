//! Push, pull, and the waiting between: until every command has a verdict and the complete page is applied.

pub use super::fetch::pull_all;

use super::{apply::Applied, push, push::Next, transport::Transport};
use crate::{
    clock::TrustedClock,
    crash::crash_point,
    error::{Error, Result},
    store::Store,
};
use huishou_domain::sync::message::{PushAnswer, PushRequest};
use rand::Rng;
use serde::Serialize;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::runtime::{Handle, RuntimeFlavor};

/// How often a server may ask in one push to hear commands again or under new numbers.
const MOST_TURNS: u32 = 4;
/// Shortest and longest wait between two rounds.
const SHORTEST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// A store and the clock it goes by.
#[derive(Clone)]
pub struct Shared {
    /// The store.
    pub store: Arc<Mutex<Store>>,
    /// Trusted time.
    pub clock: Arc<TrustedClock>,
}

impl Shared {
    /// Works with the store at once, on the thread that asks: handing a few reads to another one and waiting for it
    /// takes longer than they do. A runtime of many threads is told, so that its other tasks go on. Where there is no
    /// runtime (a simulation polls by itself) there is a pause on either side in which anything may happen.
    ///
    /// # Errors
    /// What `work` reports.
    pub async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let here = || work(&mut self.store.lock().unwrap_or_else(PoisonError::into_inner));
        match Handle::try_current().map(|handle| handle.runtime_flavor()) {
            Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(here),
            Ok(_) => here(),
            Err(_) => {
                tokio::task::yield_now().await;
                let done = here();
                tokio::task::yield_now().await;
                done
            }
        }
    }

    /// The same on another thread, beside whatever else is waited for; without a runtime as [`Shared::with`].
    ///
    /// # Errors
    /// What `work` reports.
    pub async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if Handle::try_current().is_err() {
            return self.with(work).await;
        }
        let store = Arc::clone(&self.store);
        let done = tokio::task::spawn_blocking(move || {
            work(&mut store.lock().unwrap_or_else(PoisonError::into_inner))
        })
        .await;
        done.map_err(|_| Error::code("store_failed"))?
    }
}

/// What a push did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Pushed {
    /// Commands sent.
    pub sent: usize,
    /// Verdicts that came back.
    pub verdicts: usize,
    /// Requests made.
    pub requests: usize,
}

/// Sends what is pending until every command has a verdict. While one answer is stored the next commands are on their
/// way; what becomes of those is then as it would be had the first answer been lost: they are told again, and answered
/// again.
///
/// # Errors
/// Of the transport or the store; what was answered before stays answered.
pub async fn push_all(shared: &Shared, transport: &impl Transport) -> Result<Pushed> {
    let mut done = Pushed::default();
    let (mut turns, mut next) = (0, None);
    loop {
        let (request, answer) = match next.take() {
            Some(told) => told,
            None => match shared.with(push::prepare).await? {
                Some(request) => tell(transport, request).await,
                None => return Ok(done),
            },
        };
        let answer = match answer {
            Err(Error::Problem { code, body, .. })
                if code == "stale_incarnation" && turns < MOST_TURNS =>
            {
                turns += 1;
                shared
                    .with(move |store| push::on_stale(store, &body))
                    .await?;
                continue;
            }
            answer => answer?,
        };
        crash_point("push.before_store");
        let contact = shared.clock.met(answer.server_time);
        done.requests += 1;
        done.sent += request.mutations.len();
        done.verdicts += answer.verdicts.len();
        let told = answer.verdicts.len();
        let following = match push::is_whole(&request, &answer) {
            Some(last) => {
                shared
                    .with(move |store| push::following(store, last))
                    .await?
            }
            None => None,
        };
        let storing = move |store: &mut Store| push::on_answer(store, &answer, contact);
        let stored = match following {
            None => shared.with(storing).await,
            Some(following) => {
                let (stored, told) =
                    tokio::join!(shared.beside(storing), tell(transport, following));
                next = Some(told);
                stored
            }
        };
        match stored? {
            Next::Again if turns < MOST_TURNS => turns += 1,
            Next::Again => return Err(Error::code("outbox_incomplete")),
            Next::Go if told == 0 => {
                return Err(Error::Undecodable("a push without verdicts".into()));
            }
            Next::Go => {}
        }
    }
}

/// Sends one push.
async fn tell(
    transport: &impl Transport,
    request: PushRequest,
) -> (PushRequest, Result<PushAnswer>) {
    crash_point("push.before_send");
    let answer = transport.push(&request).await;
    (request, answer)
}

/// One round: push, then pull; a scope that differed is fetched again at once.
///
/// # Errors
/// As for [`push_all`] and [`pull_all`].
pub async fn round(
    shared: &Shared,
    transport: &impl Transport,
    check: bool,
) -> Result<(Pushed, Applied)> {
    let pushed = push_all(shared, transport).await?;
    let mut applied = pull_all(shared, transport, check).await?;
    if !applied.mismatched.is_empty() {
        let again = pull_all(shared, transport, true).await?;
        applied = applied.followed_by(again);
    }
    Ok((pushed, applied))
}

/// How long to wait after so many failures in a row: 30 s doubled each time, at most 5 min, plus up to half of it as
/// jitter so that a station's devices do not all come back at the same moment.
#[must_use]
pub fn wait(failures: u32) -> Duration {
    wait_by(failures, |most| rand::rng().random_range(0..=most))
}

/// The same with the chance from outside: `any` answers a number from 0 to the given one.
#[must_use]
pub fn wait_by(failures: u32, any: impl FnOnce(u64) -> u64) -> Duration {
    let base = SHORTEST.saturating_mul(1 << failures.min(8));
    let millis = u64::try_from(base.as_millis()).unwrap_or(u64::MAX);
    (base + Duration::from_millis(any(millis / 2))).min(LONGEST)
}

/// How long to wait while hints come: nearly five minutes, for what no hint told.
#[must_use]
pub fn wait_hinted() -> Duration {
    wait_hinted_by(|most| rand::rng().random_range(0..=most))
}

/// The same with the chance from outside: `any` answers a number from 0 to the given one.
#[must_use]
pub fn wait_hinted_by(any: impl FnOnce(u64) -> u64) -> Duration {
    let longest = u64::try_from(LONGEST.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(longest - any(longest / 5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_with_each_failure_and_stays_between_half_a_minute_and_five() {
        for failures in [0, 1, 2, 3, 4, 20, u32::MAX] {
            let wait = wait(failures);
            assert!((SHORTEST..=LONGEST).contains(&wait), "{failures}: {wait:?}");
        }
        assert!(wait(0) <= SHORTEST * 3 / 2 && wait(20) == LONGEST);
        assert!(
            wait(2) >= SHORTEST * 4,
            "after two failures two minutes at least"
        );
    }
}
