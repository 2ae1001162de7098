//! Price books at hand, compiled. A book is immutable, so its compiled form is kept by id for an hour. Which one is in
//! force is decided from the city's schedule, which is kept until some book is published: the instance that publishes
//! learns of it with the next call, every other within a second ([`Clock::keep_up`]), and one that cannot ask the database
//! any more prices nothing by what may be an old book.

use crate::{
    cache::clock::{Clock, Stamp},
    store::{Db, StoreError, changes::BOOKS, price_books},
};
use chrono::{DateTime, Utc};
use huishou_domain::{division, price_book::PriceBook, pricing::Book};
use moka::future::Cache;
use std::{future::Future, hash::Hash, sync::Arc, time::Duration};
use uuid::Uuid;

/// Longest that anything is kept.
const KEPT: Duration = Duration::from_secs(3_600);
/// Most cities, and most versions asked for, that are remembered, those without a book included.
const MOST: u64 = 4_096;
/// Books of a city that are looked at: far more than are published ahead of their time.
const AHEAD: u32 = 32;
/// Compiled rules take about so many times their text.
const COMPILED: usize = 6;

/// A book as published and ready to price with.
#[derive(Debug)]
pub struct Compiled {
    /// As published.
    pub book: PriceBook,
    /// Ready to price with.
    pub rules: Book,
}

/// Something read when the books were at this count of changes.
#[derive(Debug)]
struct Read<T> {
    stamp: Stamp,
    value: T,
}

/// Kept until a book is published.
type UntilPublication<K, T> = Cache<K, Arc<Read<T>>>;

/// The books at hand.
#[derive(Debug, Clone)]
pub struct Books {
    clock: Arc<Clock>,
    by_id: Cache<Uuid, Option<Arc<Compiled>>>,
    schedules: UntilPublication<String, Vec<(Uuid, DateTime<Utc>)>>,
    versions: UntilPublication<(String, i64), Option<Uuid>>,
}

impl Books {
    /// None yet; at most so many bytes of compiled books.
    #[must_use]
    pub fn new(clock: Arc<Clock>, bytes: u64) -> Self {
        let weight = |_: &Uuid, book: &Option<Arc<Compiled>>| {
            let text = book.as_ref().map_or(0, |book| size(&book.book));
            u32::try_from(text * COMPILED + 128).unwrap_or(u32::MAX)
        };
        Self {
            clock,
            by_id: Cache::builder()
                .max_capacity(bytes)
                .weigher(weight)
                .time_to_live(KEPT)
                .build(),
            schedules: Cache::builder()
                .max_capacity(MOST)
                .time_to_live(KEPT)
                .build(),
            versions: Cache::builder()
                .max_capacity(MOST)
                .time_to_live(KEPT)
                .build(),
        }
    }

    /// The book in force in a city; `None` for what is no city or has no book.
    ///
    /// # Errors
    /// The database refused, or the book cannot be read.
    pub async fn in_force(
        &self,
        db: &Db,
        city: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Compiled>>, StoreError> {
        if division::lookup(city).is_none() {
            return Ok(None);
        }
        self.clock.keep_up(db).await?;
        let schedule = match self.current(&self.schedules, city).await {
            Some(schedule) => schedule,
            None => {
                // Seldom, and of a size that nobody who prices has to carry.
                Box::pin(self.renewed(&self.schedules, city.to_owned(), async {
                    price_books::schedule(&mut *db.read().await?, city, AHEAD).await
                }))
                .await?
            }
        };
        let begun = schedule.value.iter().find(|(_, begins)| *begins <= now);
        let id = match begun {
            Some((id, _)) => Some(*id),
            None if schedule.value.len() < AHEAD as usize => None,
            None => price_books::id_in_force(&mut *db.read().await?, city, now).await?,
        };
        match id {
            Some(id) => self.by_id(db, id).await,
            None => Ok(None),
        }
    }

    /// One version of a city's book.
    ///
    /// # Errors
    /// The database refused, or the book cannot be read.
    pub async fn version(
        &self,
        db: &Db,
        city: &str,
        version: i64,
    ) -> Result<Option<Arc<Compiled>>, StoreError> {
        if division::lookup(city).is_none() {
            return Ok(None);
        }
        self.clock.keep_up(db).await?;
        let key = (city.to_owned(), version);
        let found = match self.current(&self.versions, &key).await {
            Some(found) => found,
            None => {
                Box::pin(self.renewed(&self.versions, key, async {
                    price_books::id_of_version(&mut *db.read().await?, city, version).await
                }))
                .await?
            }
        };
        match found.value {
            Some(id) => self.by_id(db, id).await,
            None => Ok(None),
        }
    }

    /// Asks the database anew which books there are: after a publication here.
    pub fn forget(&self) {
        self.clock.outdate();
    }

    async fn current<K, Q, T>(&self, kept: &UntilPublication<K, T>, key: &Q) -> Option<Arc<Read<T>>>
    where
        K: Hash + Eq + Send + Sync + std::borrow::Borrow<Q> + 'static,
        Q: Hash + Eq + ?Sized,
        T: Send + Sync + 'static,
    {
        let read = kept.get(key).await?;
        if self.is_current(read.stamp) {
            return Some(read);
        }
        Box::pin(kept.invalidate(key)).await;
        None
    }

    /// Read by one for all who ask meanwhile. If a book is published while that one reads, the next call reads again.
    async fn renewed<K, T>(
        &self,
        kept: &UntilPublication<K, T>,
        key: K,
        read: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<Arc<Read<T>>, StoreError>
    where
        K: Hash + Eq + Send + Sync + 'static,
        T: Send + Sync + 'static,
    {
        let stamp = self.clock.stamp(BOOKS);
        let load = async { read.await.map(|value| Arc::new(Read { stamp, value })) };
        kept.try_get_with(key, load).await.map_err(shared)
    }

    fn is_current(&self, stamp: Stamp) -> bool {
        self.clock.is_current(BOOKS, Uuid::nil(), stamp)
    }

    async fn by_id(&self, db: &Db, id: Uuid) -> Result<Option<Arc<Compiled>>, StoreError> {
        if let Some(compiled) = self.by_id.get(&id).await {
            return Ok(compiled);
        }
        let load = async {
            let found = price_books::load_many(&mut *db.read().await?, &[id]).await?;
            found.into_iter().next().map(compile).transpose()
        };
        let loaded = Box::pin(self.by_id.try_get_with(id, load)).await;
        loaded.map_err(shared)
    }
}

fn compile(book: PriceBook) -> Result<Arc<Compiled>, StoreError> {
    let rules = book
        .compile()
        .map_err(|e| StoreError::Unreadable(format!("price_books.rules of {}: {e}", book.id)))?;
    Ok(Arc::new(Compiled { book, rules }))
}

fn size(book: &PriceBook) -> usize {
    serde_json::to_vec(&book.rules).map_or(0, |text| text.len())
}

/// An error that several callers get.
fn shared(error: Arc<StoreError>) -> StoreError {
    Arc::try_unwrap(error).unwrap_or_else(|error| error.told())
}
