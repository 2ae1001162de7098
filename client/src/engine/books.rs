//! The price book in force: by trusted time, of the city where the goods are.

use super::{Engine, lock};
use crate::{
    error::{Error, Result},
    store::{Db, base},
    view::book::BookView,
};
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{
    division,
    money::Fen,
    price_book::PriceBook,
    pricing::{Book, PricingError},
    quote::{BookRef, QuoteLine},
    sync::scope::Kind,
};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// A superseded book may be used this long.
const GRACE: TimeDelta = TimeDelta::hours(24);

/// A price book ready to price with.
pub struct Compiled {
    /// As published.
    pub book: PriceBook,
    /// None when this build cannot use it: broken, or of a newer kind.
    pub rules: Option<Book>,
}

/// The book to price with now.
#[derive(Clone)]
pub struct InForce {
    compiled: Arc<Compiled>,
    rules: Book,
    /// A newer one, in force for longer than the grace period, cannot be used here.
    pub stale: bool,
}

/// Compiled books of the store in use.
#[derive(Default)]
pub struct Cache {
    held: Vec<(Uuid, i64)>,
    practice: bool,
    books: Vec<Arc<Compiled>>,
}

impl Engine {
    /// The price book in force in this person's city.
    ///
    /// # Errors
    /// `no_book`.
    pub fn book(&self) -> Result<BookView> {
        let in_force = self.in_force(None)?;
        let book = &in_force.compiled.book;
        Ok(BookView {
            book: in_force.reference(),
            city_name: city_name(&book.city),
            effective_from: book.effective_from.as_str().to_owned(),
            stale: in_force.stale,
            catalogue: book.catalogue(),
            rules: book.rules.clone(),
        })
    }

    /// The book in force in a city, or in this person's.
    pub(super) fn in_force(&self, city: Option<&str>) -> Result<InForce> {
        let now = self.shared().clock.now();
        let (home, books) = self.read(|db| Ok((super::home_city(db)?, self.books(db)?)))?;
        let city = city
            .map(str::to_owned)
            .or(home)
            .ok_or_else(|| Error::code("no_book"))?;
        choose(&books, &city, now).ok_or_else(|| Error::code("no_book"))
    }

    /// The books held, read once for as long as they stay the same.
    pub(super) fn books(&self, db: &Db) -> Result<Vec<Arc<Compiled>>> {
        let held = base::versions(db, Kind::PriceBook)?;
        let mut cache = lock(&self.inner.books);
        let practice = self.is_practice();
        if cache.held != held || cache.practice != practice {
            let books: Vec<PriceBook> = base::all(db, Kind::PriceBook)?;
            *cache = Cache {
                held,
                practice,
                books: books.into_iter().map(|b| Arc::new(compile(b))).collect(),
            };
        }
        Ok(cache.books.clone())
    }
}

/// 杭州市; of a municipality, its own name (北京市).
fn city_name(code: &str) -> String {
    division::names(code)
        .map_or(code, |names| names.city.unwrap_or(names.province))
        .to_owned()
}

fn compile(book: PriceBook) -> Compiled {
    let rules = book.verify().ok().and_then(|()| book.compile().ok());
    if rules.is_none() {
        tracing::warn!(
            city = book.city,
            version = book.version,
            "a price book cannot be used"
        );
    }
    Compiled { book, rules }
}

fn choose(books: &[Arc<Compiled>], city: &str, now: DateTime<Utc>) -> Option<InForce> {
    let mut candidates: Vec<_> = books
        .iter()
        .filter(|c| c.book.city == city && c.book.is_effective(now))
        .collect();
    candidates.sort_by_key(|c| std::cmp::Reverse(c.book.precedence()));
    let at = candidates.iter().position(|c| c.rules.is_some())?;
    let stale = candidates[..at]
        .iter()
        .any(|newer| newer.book.effective_from.at() <= now - GRACE);
    let compiled = Arc::clone(candidates[at]);
    let rules = compiled.rules.clone()?;
    Some(InForce {
        compiled,
        rules,
        stale,
    })
}

impl InForce {
    /// City, version, hash.
    pub fn reference(&self) -> BookRef {
        let book = &self.compiled.book;
        BookRef {
            city: book.city.clone(),
            version: i64::from(book.version),
            hash: book.hash.clone(),
        }
    }

    /// The rules.
    pub const fn rules(&self) -> &Book {
        &self.rules
    }

    /// Lines and total of goods.
    pub fn price(&self, items: &[Value]) -> Result<(Vec<QuoteLine>, Fen)> {
        let priced = self.rules.price(items).map_err(|e| pricing_fault(&e))?;
        Ok((priced.lines.into_iter().map(line).collect(), priced.total))
    }
}

/// A priced line as quotes hold it.
pub fn line(priced: huishou_domain::pricing::PricedLine) -> QuoteLine {
    QuoteLine {
        category: priced.category,
        quantity: priced.quantity.to_string(),
        unit_price: priced.unit_price.to_string(),
        applied: priced.applied,
        amount: priced.amount,
    }
}

/// What is wrong with goods, as a field's fault: `items[0].gross`.
pub fn pricing_fault(error: &PricingError) -> Error {
    let field = match (error.line, &error.field) {
        (Some(line), Some(field)) => format!("items[{line}].{field}"),
        (Some(line), None) => format!("items[{line}]"),
        (None, Some(field)) => field.clone(),
        (None, None) => "items".to_owned(),
    };
    Error::field(error.code.as_str(), field)
}
