//! Estimates: goods priced by the city's book in force, with the working in words.

use crate::{app::App, books::Compiled, problem::Problem};
use chrono::{DateTime, Utc};
use huishou_domain::{
    booking::{self, FieldError},
    ids::QuoteId,
    pricing::{Lang, Priced, PricedLine, PricingError},
    quote::{BookRef, Item, Quote, QuoteKind, QuoteLine, TraceWords},
};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// Prices `{city, items}`.
///
/// # Errors
/// 422 with every bad field.
pub async fn estimate(app: &App, raw: &Value, lang: Lang) -> Result<Quote, Problem> {
    let now = app.now();
    let city = booking::city_of(raw).map(str::trim).unwrap_or_default();
    let book = app.books.in_force(&app.db, city, now).await?;
    // The booking's own rules, as far as they concern city and goods.
    let faults = match booking::parse(raw, now, book.as_deref().map(|b| &b.rules)) {
        Ok(_) => Vec::new(),
        Err(faults) => faults
            .into_iter()
            .filter(|f| f.field == "body" || f.field == "city" || f.field.starts_with("items"))
            .collect(),
    };
    match book {
        Some(book) if faults.is_empty() => {
            let items = raw
                .get("items")
                .and_then(Value::as_array)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let parsed: Result<Vec<Item>, _> = items.iter().map(Item::deserialize).collect();
            let parsed = parsed.map_err(|_| Problem::field("items", "type"))?;
            price(&book, items, parsed, Some(lang), now)
        }
        _ => Err(faults.into()),
    }
}

/// An estimate of goods that have been read. `words`: with the working in this language.
///
/// # Errors
/// 422 where the total is beyond every bound.
pub fn price(
    book: &Compiled,
    raw: &[Value],
    items: Vec<Item>,
    words: Option<Lang>,
    now: DateTime<Utc>,
) -> Result<Quote, Problem> {
    let (priced, trace) = book.rules.price_traced(raw).map_err(fault)?;
    let trace = words.map(|lang| trace.describe(lang)).unwrap_or_default();
    Ok(quote(book, items, &priced, trace, now))
}

fn quote(
    book: &Compiled,
    items: Vec<Item>,
    priced: &Priced,
    trace: Vec<TraceWords>,
    now: DateTime<Utc>,
) -> Quote {
    Quote {
        id: QuoteId(Uuid::now_v7()),
        kind: QuoteKind::Estimate,
        book: BookRef {
            city: book.book.city.clone(),
            version: i64::from(book.book.version),
            hash: book.book.hash.clone(),
        },
        items,
        lines: priced.lines.iter().map(line).collect(),
        total: priced.total,
        adjustments: Vec::new(),
        due: priced.total,
        gap_reasons: Vec::new(),
        trace,
        created_at: now,
    }
}

fn line(line: &PricedLine) -> QuoteLine {
    QuoteLine {
        category: line.category.clone(),
        quantity: line.quantity.to_string(),
        unit_price: line.unit_price.to_string(),
        applied: line.applied.clone(),
        amount: line.amount,
    }
}

/// A pricing fault as a bad field.
fn fault(error: PricingError) -> Problem {
    let field = match (error.line, &error.field) {
        (Some(line), Some(field)) => format!("items[{line}].{field}"),
        _ => "items".to_owned(),
    };
    vec![FieldError {
        field,
        code: error.code.as_str(),
    }]
    .into()
}

/// The working of a stored quote, replayed with the very book it was made with; empty where that book is gone.
///
/// # Errors
/// The database refused.
pub async fn replay(app: &App, quote: &Quote, lang: Lang) -> Result<Vec<TraceWords>, Problem> {
    let book = app
        .books
        .version(&app.db, &quote.book.city, quote.book.version)
        .await?;
    let items = quote
        .items
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| Problem::internal(e.to_string()))?;
    let traced = book.and_then(|book| book.rules.price_traced(&items).ok());
    Ok(traced
        .map(|(_, trace)| trace.describe(lang))
        .unwrap_or_default())
}
