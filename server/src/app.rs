//! What every handler has at hand: the database, the clock, the configuration, the caches, the outside services.

use crate::{
    auth::Tokens,
    bookings::Bookings,
    books::Books,
    cache::Kept,
    config::Config,
    limits::Limits,
    open::Open,
    redis::Redis,
    slots::Places,
    staff::{Desk, identity::Identity},
    store::{Db, StoreError},
    sync::hints::Hints,
    wechat::Wechat,
};
use chrono::{DateTime, Utc};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// The clock: now, to the millisecond, as the database holds it. Tests may move it.
#[derive(Debug, Default)]
pub struct Clock {
    offset_millis: AtomicI64,
}

impl Clock {
    /// Now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let offset = chrono::TimeDelta::milliseconds(self.offset_millis.load(Ordering::Relaxed));
        huishou_domain::time::to_millis(Utc::now() + offset)
    }

    /// Moves the clock for good, for tests.
    pub fn advance(&self, by: chrono::TimeDelta) {
        self.offset_millis
            .fetch_add(by.num_milliseconds(), Ordering::Relaxed);
    }
}

/// The server's state.
pub struct State {
    /// The database.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The configuration.
    pub config: Config,
    /// Access tokens.
    pub tokens: Tokens,
    /// What is kept at hand, and what is known of its changes.
    pub kept: Kept,
    /// Price books, compiled.
    pub books: Books,
    /// Bookings that wait to be written.
    pub bookings: Bookings,
    /// Depots and slots of a moment ago.
    pub places: Places,
    /// WeChat.
    pub wechat: Wechat,
    /// Rates of callers without a name.
    pub limits: Limits,
    /// Keys and throttles of staff signing in.
    pub desk: Desk,
    /// The server's own keys, which devices pin.
    pub identity: Identity,
    /// Devices that listen for news.
    pub hints: Arc<Hints>,
    /// Partners' keys and their rates.
    pub open: Open,
    /// Redis, where one is configured.
    pub redis: Option<Redis>,
}

/// Shared by all handlers.
pub type App = Arc<State>;

/// Why the server cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// A malformed database address.
    #[error("database_url: {0}")]
    Database(#[from] StoreError),
    /// A malformed Redis address.
    #[error("redis_url: {0}")]
    Redis(#[from] ::redis::RedisError),
    /// The HTTP client cannot be made.
    #[error("HTTP client: {0}")]
    Http(#[from] reqwest::Error),
}

impl State {
    /// Sets everything up; connects to nothing yet.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub fn new(config: Config) -> Result<App, SetUpError> {
        let previous = Some(config.token_key_previous.as_str()).filter(|key| !key.is_empty());
        let redis = redis(&config.redis_url)?;
        let kept = Kept::new(&config);
        Ok(Arc::new(Self {
            db: Db::connect(&config.connect())?.with_body_cache(config.body_cache_bytes),
            clock: Clock::default(),
            tokens: Tokens::new(&config.token_key, previous, config.access_token_seconds)
                .with_leeway(config.clock_leeway),
            bookings: Bookings::new(config.booking_batch, config.booking_writers),
            places: Places::default(),
            books: Books::new(Arc::clone(&kept.clock), config.price_book_cache_bytes),
            kept,
            wechat: Wechat::new(&config.wechat)?,
            limits: Limits::new(&config, redis.as_ref()),
            desk: Desk::new(
                &config.token_key,
                redis.as_ref().filter(|_| config.guard.shared),
            ),
            identity: Identity::new(config.device_secret()),
            open: Open::new(config.open_secret()),
            hints: Arc::default(),
            redis,
            config,
        }))
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

/// Redis, where one is configured.
fn redis(url: &str) -> Result<Option<Redis>, ::redis::RedisError> {
    if url.is_empty() {
        return Ok(None);
    }
    Redis::connect(url).map(Some)
}
