//! Hints (sync.md 22): a device that listens hears at once that something of its scopes has a new number, and pulls.
//! Only scope and head are told. Nothing depends on a hint: one that is lost is made up for by the next poll.
//!
//! One task looks at the head of the feed, whoever wrote, and only while somebody listens.

use super::pull;
use crate::{
    problem::Problem,
    store::{Db, StoreError, sync_head, sync_log},
};
use huishou_domain::{ids::DeviceId, sync::scope::Scope};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// How often the head is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How long a failing database is left alone.
const AFTER_ERROR: Duration = Duration::from_secs(1);
/// How long a listener waits for the first look.
const FIRST_LOOK: Duration = Duration::from_secs(3);
/// Most listeners of one device on one instance.
pub const MOST_OF_DEVICE: usize = 3;
/// Most listeners on one instance.
pub const MOST: usize = 5_000;

/// Something of a scope has a new number.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Hint {
    /// Which scope.
    pub scope: Scope,
    /// The greatest number in it that was seen.
    pub head: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Asleep,
    Looking,
    Closed,
}

#[derive(Debug)]
struct News {
    standing: Standing,
    head: i64,
    /// The greatest number seen in each scope since somebody listens.
    scopes: HashMap<Scope, i64>,
}

/// Who listens, and what there is to hear.
#[derive(Debug)]
pub struct Hints {
    news: watch::Sender<News>,
    seats: Mutex<HashMap<DeviceId, usize>>,
    called: Notify,
}

impl Default for Hints {
    fn default() -> Self {
        let news = News {
            standing: Standing::Asleep,
            head: 0,
            scopes: HashMap::new(),
        };
        Self {
            news: watch::Sender::new(news),
            seats: Mutex::default(),
            called: Notify::new(),
        }
    }
}

impl Hints {
    fn seats(&self) -> MutexGuard<'_, HashMap<DeviceId, usize>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_listened_to(&self) -> bool {
        !self.seats().is_empty()
    }

    fn take_seat(self: &Arc<Self>, device: DeviceId) -> Result<Seat, Problem> {
        let mut seats = self.seats();
        let all: usize = seats.values().sum();
        let of_device = seats.get(&device).copied().unwrap_or(0);
        if of_device >= MOST_OF_DEVICE || all >= MOST {
            return Err(Problem::too_many("too_many_listeners", 30));
        }
        seats.insert(device, of_device + 1);
        metrics::gauge!("sync_listeners").set(f64::from(u32::try_from(all + 1).unwrap_or(0)));
        drop(seats);
        self.called.notify_one();
        Ok(Seat {
            hints: Arc::clone(self),
            device,
        })
    }
}

/// A listener's place; given back when it goes.
#[derive(Debug)]
struct Seat {
    hints: Arc<Hints>,
    device: DeviceId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.hints.seats();
        if let Some(taken) = seats.get_mut(&self.device) {
            *taken -= 1;
            if *taken == 0 {
                seats.remove(&self.device);
            }
        }
        let all: usize = seats.values().sum();
        metrics::gauge!("sync_listeners").set(f64::from(u32::try_from(all).unwrap_or(0)));
    }
}

/// Looks at the head while somebody listens, until `stop`; then every listener hears the end.
pub async fn run(db: Db, hints: Arc<Hints>, stop: CancellationToken) {
    let set = |standing| hints.news.send_modify(|news| news.standing = standing);
    while !stop.is_cancelled() {
        if !hints.is_listened_to() {
            set(Standing::Asleep);
            tokio::select! {
                () = stop.cancelled() => break,
                () = hints.called.notified() => continue,
            }
        }
        let pause = match look(&db, &hints.news).await {
            Ok(()) => LOOK,
            Err(error) => {
                tracing::debug!(%error, "the head could not be looked at");
                AFTER_ERROR
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(pause) => {}
        }
    }
    set(Standing::Closed);
}

async fn look(db: &Db, news: &watch::Sender<News>) -> Result<(), StoreError> {
    let mut conn = db.read().await?;
    let head = sync_head::read(&mut conn).await?.seq;
    let (standing, known) = {
        let news = news.borrow();
        (news.standing, news.head)
    };
    if standing != Standing::Looking || head < known {
        // The first look, or the history was cut: who listens asks for what there was before.
        news.send_modify(|news| {
            *news = News {
                standing: Standing::Looking,
                head,
                scopes: HashMap::new(),
            };
        });
        return Ok(());
    }
    if head == known {
        return Ok(());
    }
    let changed = sync_log::heads_between(&mut conn, known, head).await?;
    news.send_modify(|news| {
        news.head = head;
        news.scopes.extend(changed);
    });
    Ok(())
}

/// One who listens.
#[derive(Debug)]
pub struct Listener {
    news: watch::Receiver<News>,
    held: BTreeSet<Scope>,
    told: i64,
    missed: Vec<Hint>,
    _seat: Seat,
}

/// Begins to listen: to what is newer than `since`, or than now.
///
/// # Errors
/// `too_many_listeners`, or the database's.
pub async fn listen(
    db: &Db,
    hints: &Arc<Hints>,
    caller: pull::Caller,
    since: Option<i64>,
) -> Result<Listener, Problem> {
    let seat = hints.take_seat(caller.device)?;
    let mut news = hints.news.subscribe();
    let looked = news.wait_for(|news| news.standing != Standing::Asleep);
    if !matches!(tokio::time::timeout(FIRST_LOOK, looked).await, Ok(Ok(_))) {
        return Err(Problem::unavailable("database_unavailable", 1));
    }
    // After the first look: whatever has a number by now is in this answer, whatever gets one later is news.
    let mut snapshot = db.snapshot().await?;
    let (held, _) = pull::holdings(&mut snapshot, caller.staff).await?;
    let head = sync_head::read(snapshot.conn()?).await?.seq;
    let since = since.map_or(head, |since| since.clamp(0, head));
    let scopes: Vec<Scope> = held.iter().cloned().collect();
    let missed = sync_log::heads_of(snapshot.conn()?, &scopes, since).await?;
    snapshot.finish().await?;
    Ok(Listener {
        news,
        held,
        told: head,
        missed: hints_of(missed),
        _seat: seat,
    })
}

fn hints_of(heads: impl IntoIterator<Item = (Scope, i64)>) -> Vec<Hint> {
    let hint = |(scope, head)| Hint { scope, head };
    heads.into_iter().map(hint).collect()
}

impl Listener {
    /// The next hints, at least one; none when the server stops.
    pub async fn next(&mut self) -> Option<Vec<Hint>> {
        if !self.missed.is_empty() {
            return Some(std::mem::take(&mut self.missed));
        }
        loop {
            let hints = {
                let news = self.news.borrow_and_update();
                if news.standing == Standing::Closed {
                    return None;
                }
                let new = |scope: &Scope| {
                    let head = news.scopes.get(scope).copied()?;
                    (head > self.told).then(|| (scope.clone(), head))
                };
                let hints = hints_of(self.held.iter().filter_map(new));
                self.told = news.head;
                hints
            };
            if !hints.is_empty() {
                return Some(hints);
            }
            self.news.changed().await.ok()?;
        }
    }

    /// The head that everything told so far lies below or at.
    #[must_use]
    pub const fn head(&self) -> i64 {
        self.told
    }
}
