//! Price books at hand, compiled. A book is immutable, so its compiled form is kept by id; which one is in force is
//! asked of the database at most once a second and city, and at once after a publication here ([`Books::forget`]).

use crate::store::{Db, StoreError, price_books};
use chrono::{DateTime, Utc};
use huishou_domain::{division, price_book::PriceBook, pricing::Book};
use moka::sync::Cache;
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// A book as published and ready to price with.
#[derive(Debug)]
pub struct Compiled {
    /// As published.
    pub book: PriceBook,
    /// Ready to price with.
    pub rules: Book,
}

/// The books at hand.
#[derive(Debug, Clone)]
pub struct Books {
    by_id: Cache<Uuid, Arc<Compiled>>,
    in_force: Cache<String, Option<Uuid>>,
}

impl Default for Books {
    fn default() -> Self {
        Self {
            by_id: Cache::builder().max_capacity(256).build(),
            in_force: Cache::builder()
                .max_capacity(1024)
                .time_to_live(Duration::from_secs(1))
                .build(),
        }
    }
}

impl Books {
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
        let known = self.in_force.get(city);
        let id = match known {
            Some(id) => id,
            None => {
                let id = price_books::id_in_force(&mut *db.read().await?, city, now).await?;
                self.in_force.insert(city.to_owned(), id);
                id
            }
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
        let found = self
            .by_id
            .iter()
            .find(|(_, c)| c.book.city == city && i64::from(c.book.version) == version);
        if let Some((_, compiled)) = found {
            return Ok(Some(compiled));
        }
        let book = price_books::version(&mut *db.read().await?, city, version).await?;
        book.map(|book| self.keep(book)).transpose()
    }

    /// Asks the database anew which book is in force in a city: after a publication.
    pub fn forget(&self, city: &str) {
        self.in_force.invalidate(city);
    }

    async fn by_id(&self, db: &Db, id: Uuid) -> Result<Option<Arc<Compiled>>, StoreError> {
        if let Some(compiled) = self.by_id.get(&id) {
            return Ok(Some(compiled));
        }
        let book = price_books::load_many(&mut *db.read().await?, &[id])
            .await?
            .pop();
        book.map(|book| self.keep(book)).transpose()
    }

    fn keep(&self, book: PriceBook) -> Result<Arc<Compiled>, StoreError> {
        let rules = book.compile().map_err(|e| {
            StoreError::Unreadable(format!("price_books.rules of {}: {e}", book.id))
        })?;
        let compiled = Arc::new(Compiled { book, rules });
        self.by_id.insert(compiled.book.id.0, Arc::clone(&compiled));
        Ok(compiled)
    }
}
