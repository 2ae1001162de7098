//! What is taken, at what price: the city's price book in force, for people.

use crate::{app::App, books::Compiled, lang::pick, problem::Problem, store::stations};
use huishou_domain::{division, pricing::Lang};
use serde_json::{Value, json};
use std::sync::Arc;

/// A catalogue answer with the tag that tells whether it has changed.
#[derive(Debug)]
pub struct Tagged {
    /// Body.
    pub body: Value,
    /// `ETag`, quotes included.
    pub etag: String,
}

/// The city's price book with the goods for people.
///
/// # Errors
/// 422 `unknown_division`, `not_served`.
pub async fn price_book(app: &App, city: &str) -> Result<Tagged, Problem> {
    let book = in_force(app, city).await?;
    let mut body =
        serde_json::to_value(&book.book).map_err(|e| Problem::internal(e.to_string()))?;
    body["catalogue"] = serde_json::to_value(book.book.catalogue())
        .map_err(|e| Problem::internal(e.to_string()))?;
    Ok(Tagged {
        body,
        etag: format!("\"{}\"", book.book.hash),
    })
}

/// What is taken, by group. Without a city: the first one served.
///
/// # Errors
/// 422 `unknown_division`, `not_served`.
pub async fn categories(app: &App, city: Option<&str>, lang: Lang) -> Result<Tagged, Problem> {
    let city = match city {
        Some(city) => city.to_owned(),
        None => first_city(app).await?,
    };
    let book = in_force(app, &city).await?;
    let items: Vec<Value> = book
        .book
        .catalogue()
        .into_iter()
        .map(|item| {
            let group = item.category.split('/').next().unwrap_or_default().to_owned();
            let name = pick(lang, &item.name, &item.name_en).to_owned();
            json!({"category": item.category, "group": group, "group_name": group_name(&group, lang), "name": name, "unit": item.unit,
                   "base_price": item.base_price, "attributes": item.attributes})
        })
        .collect();
    let tongue = pick(lang, "zh", "en");
    Ok(Tagged {
        body: json!({"city": city, "items": items, "next": null}),
        etag: format!("\"{}-{tongue}\"", book.book.hash),
    })
}

async fn first_city(app: &App) -> Result<String, Problem> {
    let stations = stations::all(&mut *app.db.read().await?).await?;
    stations
        .into_iter()
        .next()
        .map(|station| station.city)
        .ok_or_else(|| Problem::field("city", "not_served"))
}

async fn in_force(app: &App, city: &str) -> Result<Arc<Compiled>, Problem> {
    if division::lookup(city).is_none() {
        return Err(Problem::field("city", "unknown_division"));
    }
    app.books
        .in_force(&app.db, city, app.now())
        .await?
        .ok_or_else(|| Problem::field("city", "not_served"))
}

fn group_name(group: &str, lang: Lang) -> &'static str {
    let (zh, en) = match group {
        "paper" => ("废纸", "Paper"),
        "plastic" => ("塑料", "Plastic"),
        "metal" => ("金属", "Metal"),
        "electronic" => ("家电", "Appliances"),
        "textile" => ("纺织", "Textiles"),
        _ => ("其他", "Other"),
    };
    pick(lang, zh, en)
}
