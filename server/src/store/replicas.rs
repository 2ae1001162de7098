//! Copies of the database that answer reads. A read goes to a replica only when that one has proved, by its position in
//! the primary's history, that it holds everything that was committed before the read began, by whatever instance: so
//! whoever has just written reads it, with no note kept of who wrote. The proof costs the primary one small query for all
//! reads that wait at the moment; a replica that is too far behind costs `wait_millis` at most, then the primary answers.

mod follow;
mod position;

use super::resting::{Lent, Resting};
use crate::config;
use position::Position;
use rand::seq::IndexedRandom;
use serde::Serialize;
use sqlx::{MySqlConnection, MySqlPool};
use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{Notify, watch};

/// Longest wait for a connection to a replica: the primary is there all the same.
const CONNECTION: Duration = Duration::from_millis(250);

/// Where the primary stood, and when it was asked.
type Target = Option<(Instant, Position)>;

/// All replicas.
#[derive(Debug)]
pub struct Replicas {
    all: Vec<Arc<Replica>>,
    primary: Option<MySqlPool>,
    /// Rung by whoever needs a proof.
    asked: Arc<Notify>,
    /// Rung when a replica has come further.
    news: Arc<Notify>,
    target: watch::Sender<Target>,
    check: Duration,
    wait: Duration,
    max_lag: Duration,
    failures: u32,
}

/// One replica.
#[derive(Debug)]
struct Replica {
    name: Arc<str>,
    home: Resting,
    /// For asking where it stands.
    watching: MySqlPool,
    max_lag: Duration,
    most_failures: u32,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// It holds everything that was committed then.
    covers: Option<Instant>,
    /// In a row.
    failures: u32,
}

/// How a replica is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It answers reads.
    Up,
    /// It is too far behind, or has not proved anything yet.
    Lagging,
    /// It does not answer.
    Down,
}

/// A replica as `/readyz` tells it.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// `host:port`.
    pub name: String,
    /// How it is.
    pub state: Standing,
    /// Milliseconds since which it is not known to hold everything; none where it never was.
    pub behind_ms: Option<u64>,
}

impl Replicas {
    pub(super) fn of(settings: &config::Replica) -> Self {
        Self {
            all: Vec::new(),
            primary: None,
            asked: Arc::default(),
            news: Arc::default(),
            target: watch::Sender::new(None),
            check: Duration::from_millis(settings.check_millis),
            wait: Duration::from_millis(settings.wait_millis),
            max_lag: Duration::from_secs(settings.max_lag),
            failures: settings.failures,
        }
    }

    pub(super) fn watch_primary(&mut self, pool: MySqlPool) {
        self.primary = Some(pool);
    }

    pub(super) fn add(&mut self, name: &str, home: Resting, watching: MySqlPool) {
        self.all.push(Arc::new(Replica {
            name: name.into(),
            home,
            watching,
            max_lag: self.max_lag,
            most_failures: self.failures,
            known: Mutex::default(),
        }));
    }

    /// A connection to some replica that holds everything committed before this call; none where no replica proves that
    /// in time.
    pub(super) async fn reading(&self) -> Option<Reading> {
        if self.all.is_empty() {
            return None;
        }
        let asked_at = Instant::now();
        let proved = tokio::time::timeout(self.wait, self.proved(asked_at)).await;
        let reading = match proved {
            Ok(Some(replica)) => replica.lend().await,
            _ => None,
        };
        let at = if reading.is_some() {
            "replica"
        } else {
            "primary"
        };
        metrics::counter!("database_reads_total", "at" => at).increment(1);
        reading
    }

    async fn proved(&self, asked_at: Instant) -> Option<Arc<Replica>> {
        loop {
            let mut news = std::pin::pin!(self.news.notified());
            news.as_mut().enable();
            let up = |r: &&Arc<Replica>| r.standing() == Standing::Up;
            let able: Vec<_> = self.all.iter().filter(up).collect();
            if able.is_empty() {
                return None;
            }
            let proved: Vec<_> = able.iter().filter(|r| r.covers(asked_at)).collect();
            if let Some(one) = proved.choose(&mut rand::rng()) {
                return Some(Arc::clone(one));
            }
            self.asked.notify_one();
            news.await;
        }
    }

    /// How each is.
    #[must_use]
    pub fn told(&self) -> Vec<Told> {
        let told = |replica: &Arc<Replica>| Told {
            name: replica.name.to_string(),
            state: replica.standing(),
            behind_ms: replica
                .behind()
                .map(|behind| u64::try_from(behind.as_millis()).unwrap_or(u64::MAX)),
        };
        self.all.iter().map(told).collect()
    }

    pub(super) fn measure(&self) {
        for replica in &self.all {
            replica.home.measure();
            let name = || Arc::clone(&replica.name);
            let up = replica.standing() == Standing::Up;
            metrics::gauge!("database_replica_up", "replica" => name())
                .set(f64::from(u8::from(up)));
            if let Some(behind) = replica.behind() {
                metrics::gauge!("database_replica_behind_seconds", "replica" => name())
                    .set(behind.as_secs_f64());
            }
        }
    }

    pub(super) async fn tidy(&self, idle: usize) {
        for replica in &self.all {
            replica.home.tidy(idle).await;
        }
    }
}

impl Replica {
    async fn lend(self: Arc<Self>) -> Option<Reading> {
        match tokio::time::timeout(CONNECTION, self.home.lend()).await {
            Ok(Ok(lent)) => Some(Reading {
                lent,
                replica: self,
            }),
            // Everybody reads from it: that is no failure of its own.
            Ok(Err(super::StoreError::Saturated)) => None,
            Ok(Err(error)) => {
                tracing::debug!(replica = %self.name, %error, "a replica cannot be reached");
                self.failed();
                None
            }
            Err(_) => {
                self.failed();
                None
            }
        }
    }

    fn standing(&self) -> Standing {
        let known = self.lock();
        if known.failures >= self.most_failures {
            Standing::Down
        } else if known.covers.is_some_and(|at| at.elapsed() <= self.max_lag) {
            Standing::Up
        } else {
            Standing::Lagging
        }
    }

    fn covers(&self, moment: Instant) -> bool {
        self.lock().covers.is_some_and(|at| at >= moment)
    }

    fn behind(&self) -> Option<Duration> {
        self.lock().covers.map(|at| at.elapsed())
    }

    fn reached(&self, at: Instant) {
        let mut known = self.lock();
        known.covers = known.covers.max(Some(at));
    }

    fn answered(&self) {
        self.lock().failures = 0;
    }

    fn failed(&self) {
        let mut known = self.lock();
        known.failures = known.failures.saturating_add(1);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection to a replica that holds everything committed before it was asked for.
#[derive(Debug)]
pub struct Reading {
    lent: Lent,
    replica: Arc<Replica>,
}

impl Reading {
    /// The replica failed; its connection is closed.
    pub(super) fn failed(mut self) {
        self.replica.failed();
        self.lent.open();
    }

    /// All has been read.
    pub(super) fn rest(self) {
        self.replica.home.rest(self.lent);
    }
}

impl Deref for Reading {
    type Target = MySqlConnection;

    fn deref(&self) -> &MySqlConnection {
        &self.lent
    }
}

impl DerefMut for Reading {
    fn deref_mut(&mut self) -> &mut MySqlConnection {
        &mut self.lent
    }
}
