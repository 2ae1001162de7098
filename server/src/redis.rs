//! Redis, where one is configured: values kept for all instances, rates shared by them. Its absence makes things slower,
//! never wrong: after a failure it is left alone for a moment, so that nobody waits for it request after request.

use redis::{
    AsyncCommands, Client, FromRedisValue, RedisResult, ScriptInvocation,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Longest wait for one answer: a cache that is slower than the database is of no use.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long it is left alone after a failure.
const REST: Duration = Duration::from_secs(1);

/// Redis does not answer, or is left alone for a moment because it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Redis does not answer")]
pub struct Away;

/// One connection to Redis, shared by all requests: what they ask at the same time goes in one message.
#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    left_alone: Arc<LeftAlone>,
}

/// Until when it is left alone, in milliseconds since the start.
struct LeftAlone {
    start: Instant,
    until: AtomicU64,
}

impl LeftAlone {
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn holds(&self) -> bool {
        self.now() < self.until.load(Ordering::Relaxed)
    }

    fn begin(&self) {
        let rest = u64::try_from(REST.as_millis()).unwrap_or(u64::MAX);
        self.until.store(self.now() + rest, Ordering::Relaxed);
    }
}

impl Redis {
    /// Connects when first used, so that the server starts before Redis does. Needs a runtime.
    ///
    /// # Errors
    /// A malformed address.
    pub fn connect(url: &str) -> RedisResult<Self> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(10))
            .set_max_delay(PATIENCE)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let connection = ConnectionManager::new_lazy_with_config(Client::open(url)?, config)?;
        let left_alone = Arc::new(LeftAlone {
            start: Instant::now(),
            until: AtomicU64::new(0),
        });
        Ok(Self {
            connection,
            left_alone,
        })
    }

    /// The value under a key.
    ///
    /// # Errors
    /// [`Away`].
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Away> {
        let mut connection = self.connection.clone();
        self.ask(connection.get(key)).await
    }

    /// Keeps a value for so long.
    ///
    /// # Errors
    /// [`Away`].
    pub async fn set(&self, key: &str, value: &[u8], life: Duration) -> Result<(), Away> {
        let mut connection = self.connection.clone();
        self.ask(connection.set_ex(key, value, life.as_secs().max(1)))
            .await
    }

    /// Forgets a key.
    ///
    /// # Errors
    /// [`Away`].
    pub async fn forget(&self, key: &str) -> Result<(), Away> {
        let mut connection = self.connection.clone();
        self.ask(connection.del(key)).await
    }

    /// Runs a script with its keys and arguments, in one step of Redis.
    ///
    /// # Errors
    /// [`Away`].
    pub async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, Away> {
        let mut connection = self.connection.clone();
        self.ask(script.invoke_async(&mut connection)).await
    }

    /// Whether it answers.
    pub async fn answers(&self) -> bool {
        let mut connection = self.connection.clone();
        let pong = tokio::time::timeout(PATIENCE, connection.ping::<String>()).await;
        matches!(pong, Ok(Ok(_)))
    }

    async fn ask<T>(&self, question: impl Future<Output = RedisResult<T>>) -> Result<T, Away> {
        if self.left_alone.holds() {
            return Err(Away);
        }
        match tokio::time::timeout(PATIENCE, question).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.gone(&error.to_string())),
            Err(_) => Err(self.gone("no answer in time")),
        }
    }

    fn gone(&self, why: &str) -> Away {
        self.left_alone.begin();
        metrics::counter!("redis_failures_total").increment(1);
        tracing::warn!(why, "Redis does not answer; it is left alone for a moment");
        Away
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}
