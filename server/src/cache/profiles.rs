//! Customers' profiles: in memory for an hour, in Redis, where one is configured, for a day. Each call first learns what
//! has changed until then, so a change at one instance is seen by the next call at any other.

use super::clock::Stamp;
use crate::{
    app::State,
    problem::Problem,
    store::{
        StoreError,
        changes::shard_of,
        users::{self, User},
    },
};
use huishou_domain::ids::UserId;
use moka::future::Cache;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// In memory.
const HERE: Duration = Duration::from_secs(3_600);
/// In Redis.
const THERE: Duration = Duration::from_secs(24 * 3_600);
/// The shape of what is in Redis: raised with every change of [`Shared`] or [`User`], so that an upgrade reads none of
/// the old ones.
const SHAPE: u32 = 1;
/// What a profile takes beside its texts.
const BESIDE: usize = 320;

/// A profile at hand.
#[derive(Debug)]
struct Entry {
    stamp: Stamp,
    /// None for an id that is nobody's: ids are never given twice.
    user: Option<Arc<User>>,
}

/// A profile in Redis.
#[derive(Debug, Serialize, Deserialize)]
struct Shared {
    stamp: Stamp,
    user: User,
}

/// The profiles at hand.
#[derive(Debug)]
pub struct Profiles {
    kept: Cache<Uuid, Arc<Entry>>,
}

impl Profiles {
    /// None yet; at most so many bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let kept = Cache::builder()
            .max_capacity(bytes)
            .weigher(|_, entry: &Arc<Entry>| entry.weight())
            .time_to_live(HERE)
            .build();
        Self { kept }
    }

    /// A customer's profile as it is.
    ///
    /// # Errors
    /// The database refused.
    pub async fn load(&self, app: &State, user: UserId) -> Result<Option<Arc<User>>, Problem> {
        let clock = &app.kept.clock;
        clock.catch_up(&app.db).await.map_err(StoreError::from)?;
        let shard = shard_of(user.0);
        let is_current = |entry: &Arc<Entry>| clock.is_current(shard, user.0, entry.stamp);
        match self.kept.get(&user.0).await.filter(is_current) {
            Some(entry) => Ok(entry.user.clone()),
            // In a box: what few calls need would make each of them large.
            None => Box::pin(self.load_anew(app, user)).await,
        }
    }

    async fn load_anew(&self, app: &State, user: UserId) -> Result<Option<Arc<User>>, Problem> {
        let (clock, shard) = (&app.kept.clock, shard_of(user.0));
        let is_old = |entry: Arc<Entry>| !clock.is_current(shard, user.0, entry.stamp);
        if self.kept.get(&user.0).await.is_some_and(is_old) {
            self.kept.invalidate(&user.0).await;
        }
        // One reads for all who ask meanwhile.
        let read = self.kept.try_get_with(user.0, read(app, user)).await;
        let entry = read?;
        if clock.is_current(shard, user.0, entry.stamp) {
            return Ok(entry.user.clone());
        }
        // It was read before the change that this call has learnt of.
        let entry = read_from_database(app, user).await?;
        Ok(entry.user.clone())
    }
}

impl Entry {
    fn weight(&self) -> u32 {
        let texts = self.user.as_ref().map_or(0, |user| {
            let phone = user.phone.as_ref().map_or(0, String::len);
            user.nickname.len() + user.avatar.len() + phone
        });
        u32::try_from(texts + BESIDE).unwrap_or(u32::MAX)
    }
}

async fn read(app: &State, user: UserId) -> Result<Arc<Entry>, StoreError> {
    if let Some(entry) = read_from_redis(app, user).await {
        return Ok(Arc::new(entry));
    }
    let entry = read_from_database(app, user).await?;
    keep_in_redis(app, &entry).await;
    Ok(Arc::new(entry))
}

async fn read_from_database(app: &State, user: UserId) -> Result<Entry, StoreError> {
    let stamp = app.kept.clock.stamp(shard_of(user.0));
    let mut conn = app.db.read().await?;
    let found = users::load(&mut conn, user).await?;
    app.db.rest(conn);
    let user = found.map(Arc::new);
    Ok(Entry { stamp, user })
}

/// What Redis has is taken only if nothing has changed since it was read from the database, whatever Redis has been
/// through meanwhile.
async fn read_from_redis(app: &State, user: UserId) -> Option<Entry> {
    let text = app.redis.as_ref()?.get(&key(user)).await.ok()??;
    let Shared { stamp, user: found } = serde_json::from_slice(&text).ok()?;
    let shard = shard_of(user.0);
    (found.id == user.0 && app.kept.clock.is_current(shard, user.0, stamp)).then(|| Entry {
        stamp,
        user: Some(Arc::new(found)),
    })
}

async fn keep_in_redis(app: &State, entry: &Entry) {
    let (Some(redis), Some(user)) = (&app.redis, &entry.user) else {
        return;
    };
    let shared = Shared {
        stamp: entry.stamp,
        user: User::clone(user),
    };
    if let Ok(text) = serde_json::to_vec(&shared) {
        // Redis' absence has been told already, and makes nothing wrong.
        redis.set(&key(user.id.into()), &text, THERE).await.ok();
    }
}

fn key(user: UserId) -> String {
    format!("huishou:profile:{SHAPE}:{user}")
}
