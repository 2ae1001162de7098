//! `/api/v1/categories`, `/price-book`, `/slots`.

use super::{
    body::{Language, Params},
    caller::{Customer, MaybeCustomer},
    schema::{CategoryList, PriceBookShape, SlotList, errors},
};
use crate::{
    app::App,
    customer::catalogue::{self, Tagged},
    problem::{BadField, Problem},
    slots,
};
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::NaiveDate;
use huishou_domain::division;
use serde_json::{Value, json};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/categories", get(categories))
        .route("/price-book", get(price_book))
        .route("/slots", get(list_slots))
}

/// What is taken, in the caller's language.
#[utoipa::path(get, path = "/api/v1/categories", tag = "customer",
    params(("city" = Option<String>, Query, description = "Division code; the first city served where it is left out", example = "330100"),
           ("If-None-Match" = Option<String>, Header, description = "ETag of the answer at hand")),
    responses((status = 200, body = CategoryList), (status = 304, description = "Unchanged"), errors::Token, errors::Invalid, errors::Always))]
pub(super) async fn categories(
    State(app): State<App>,
    _: MaybeCustomer,
    Language(lang): Language,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    catalogue::categories(&app, params.get("city"), lang)
        .await
        .map(|tagged| conditional(&headers, tagged))
}

/// The city's price book in force.
#[utoipa::path(get, path = "/api/v1/price-book", tag = "customer",
    params(("city" = String, Query, description = "Division code", example = "330100"),
           ("If-None-Match" = Option<String>, Header, description = "ETag of the answer at hand")),
    responses((status = 200, body = PriceBookShape), (status = 304, description = "Unchanged"), errors::Token, errors::Invalid, errors::Always))]
pub(super) async fn price_book(
    State(app): State<App>,
    _: MaybeCustomer,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let city = params
        .get("city")
        .ok_or_else(|| Problem::field("city", "required"))?;
    catalogue::price_book(&app, city)
        .await
        .map(|tagged| conditional(&headers, tagged))
}

/// 304 where the caller has this very answer.
pub(super) fn conditional(headers: &HeaderMap, tagged: Tagged) -> Response {
    let same = |tag: &str| tag.trim().trim_start_matches("W/") == tagged.etag || tag.trim() == "*";
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .any(|list| list.split(',').any(same));
    let about = [
        (header::ETAG, tagged.etag),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::VARY, "Accept-Language".to_owned()),
    ];
    if known {
        (StatusCode::NOT_MODIFIED, about).into_response()
    } else {
        (about, Json(tagged.body)).into_response()
    }
}

/// Pick-up slots of a day at the depot that serves a district.
#[utoipa::path(get, path = "/api/v1/slots", tag = "customer", security(("customer" = [])),
    params(("division" = String, Query, description = "District code", example = "330106"), ("date" = String, Query, description = "Local date", example = "2026-11-24")),
    responses((status = 200, body = SlotList), errors::Token, errors::Invalid, errors::Always))]
pub(super) async fn list_slots(
    State(app): State<App>,
    _: Customer,
    params: Params,
) -> Result<Json<Value>, Problem> {
    free_slots(&app, &params).await
}

/// The slots that `?division=&date=` asks for.
pub(super) async fn free_slots(app: &App, params: &Params) -> Result<Json<Value>, Problem> {
    let (code, date) = asked(app, params)?;
    let station = slots::station_of(&app.db, &code)
        .await?
        .ok_or_else(|| Problem::field("division", "not_served"))?;
    let offers = slots::offers(&app.db, station.id, date, app.now()).await?;
    Ok(Json(
        json!({"station_id": station.id, "items": offers, "next": null}),
    ))
}

fn asked(app: &App, params: &Params) -> Result<(String, NaiveDate), Problem> {
    let mut errors = Vec::new();
    let mut fault = |field: &str, code: &str| {
        errors.push(BadField {
            field: field.to_owned(),
            code: code.to_owned(),
        })
    };
    let code = params.get("division").unwrap_or_default().to_owned();
    match params.get("division") {
        None => fault("division", "required"),
        Some(code) if !division::is_district(code) => fault("division", "unknown_division"),
        Some(_) => {}
    }
    let date = params
        .get("date")
        .and_then(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok());
    match (
        params.get("date"),
        date.map(|date| slots::check_day(date, app.now())),
    ) {
        (None, _) => fault("date", "required"),
        (Some(_), None) => fault("date", "type"),
        (Some(_), Some(Err(code))) => fault("date", code),
        (Some(_), Some(Ok(()))) => {}
    }
    match date {
        Some(date) if errors.is_empty() => Ok((code, date)),
        _ => Err(Problem::fields(errors)),
    }
}
