//! `/open/v1`: what partners call, each call signed (docs/open-api.md).

use super::{
    appointments::wanted,
    body::{Body, Id, Language, Params},
    catalogue::{conditional, free_slots},
    keys::Asked,
    open_signed,
    schema::{
        AppointmentPage, AppointmentShape, BookingBody, CancelBody, CategoryList, OrderShape,
        PriceBookShape, QuoteBody, QuoteShape, RescheduleBody, SlotList, errors,
    },
};
use crate::{
    app::App,
    customer::{
        act::{self, Request, Who},
        catalogue, quote, view,
    },
    once::Reply,
    open::{Partner, book, read},
    problem::Problem,
};
use axum::{
    Json, Router,
    extract::State,
    http::HeaderMap,
    middleware,
    response::Response,
    routing::{get, post},
};
use huishou_domain::ids::AppointmentId;
use serde_json::Value;
use utoipa::OpenApi;

/// The routes; nothing of them is reached without a signature.
pub fn router(app: App) -> Router<App> {
    Router::new()
        .route("/open/v1/categories", get(categories))
        .route("/open/v1/price-book", get(price_book))
        .route("/open/v1/quotes", post(estimate))
        .route("/open/v1/slots", get(slots))
        .route("/open/v1/appointments", get(list).post(create))
        .route("/open/v1/appointments/{id}", get(load))
        .route("/open/v1/appointments/{id}/cancel", post(cancel))
        .route("/open/v1/appointments/{id}/reschedule", post(reschedule))
        .route("/open/v1/orders/{id}", get(load_order))
        .route_layer(middleware::from_fn_with_state(app, open_signed::signed))
}

#[derive(OpenApi)]
#[openapi(
    paths(categories, price_book, estimate, slots, create, list, load, cancel, reschedule, load_order),
    tags((name = "open", description = "Partners; each call is signed: /docs/open"))
)]
struct Description;

/// Their description.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// What is taken, in the caller's language.
#[utoipa::path(get, path = "/open/v1/categories", operation_id = "open_categories", tag = "open", security(("app_key" = [])),
    params(("city" = Option<String>, Query, description = "Division code; the first city served where it is left out", example = "330100"),
           ("If-None-Match" = Option<String>, Header, description = "ETag of the answer at hand")),
    responses((status = 200, body = CategoryList), (status = 304, description = "Unchanged"), errors::Signed, errors::Invalid, errors::Always))]
async fn categories(
    State(app): State<App>,
    _: Partner,
    Language(lang): Language,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tagged = catalogue::categories(&app, params.get("city"), lang).await?;
    Ok(conditional(&headers, tagged))
}

/// The city's price book in force.
#[utoipa::path(get, path = "/open/v1/price-book", operation_id = "open_price_book", tag = "open", security(("app_key" = [])),
    params(("city" = String, Query, description = "Division code", example = "330100"),
           ("If-None-Match" = Option<String>, Header, description = "ETag of the answer at hand")),
    responses((status = 200, body = PriceBookShape), (status = 304, description = "Unchanged"), errors::Signed, errors::Invalid, errors::Always))]
async fn price_book(
    State(app): State<App>,
    _: Partner,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let city = params
        .get("city")
        .ok_or_else(|| Problem::field("city", "required"))?;
    let tagged = catalogue::price_book(&app, city).await?;
    Ok(conditional(&headers, tagged))
}

/// Price goods with the city's book in force.
#[utoipa::path(post, path = "/open/v1/quotes", operation_id = "open_estimate", tag = "open", security(("app_key" = [])), request_body = QuoteBody,
    responses((status = 200, body = QuoteShape), errors::Signed, errors::Invalid, errors::Always))]
async fn estimate(
    State(app): State<App>,
    _: Partner,
    Language(lang): Language,
    Body(raw): Body,
) -> Result<Json<Value>, Problem> {
    let quote = quote::estimate(&app, &raw, lang).await?;
    view::quote_value(&quote).map(Json)
}

/// Pick-up slots of a day at the depot that serves a district.
#[utoipa::path(get, path = "/open/v1/slots", operation_id = "open_slots", tag = "open", security(("app_key" = [])),
    params(("division" = String, Query, description = "District code", example = "330106"), ("date" = String, Query, description = "Local date", example = "2026-11-24")),
    responses((status = 200, body = SlotList), errors::Signed, errors::Invalid, errors::Always))]
async fn slots(State(app): State<App>, _: Partner, params: Params) -> Result<Json<Value>, Problem> {
    free_slots(&app, &params).await
}

/// Book a pick-up for a customer of the partner's.
#[utoipa::path(post, path = "/open/v1/appointments", operation_id = "open_book", tag = "open", security(("app_key" = [])), request_body = BookingBody,
    params(("Idempotency-Key" = String, Header, description = "8–64 visible ASCII")),
    responses((status = 201, body = AppointmentShape), errors::Signed, errors::Full, errors::Keyed, errors::Invalid, errors::Always))]
async fn create(
    State(app): State<App>,
    partner: Partner,
    Language(lang): Language,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.surely_keyed(partner.id(), &raw)?;
    book::book(&app, partner, &key, &raw, lang).await
}

/// Appointments that came through the partner's own key, newest first.
#[utoipa::path(get, path = "/open/v1/appointments", operation_id = "open_appointments", tag = "open", security(("app_key" = [])),
    params(("limit" = Option<u32>, Query, description = "1–100, default 20"), ("after" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, body = AppointmentPage), errors::Signed, errors::Invalid, errors::Always))]
async fn list(
    State(app): State<App>,
    partner: Partner,
    params: Params,
) -> Result<Json<Value>, Problem> {
    let wanted = wanted(&app, read::LIST, partner.id(), &params)?;
    let page = read::appointments(&app, partner, wanted).await?;
    serde_json::to_value(page)
        .map(Json)
        .map_err(|e| Problem::internal(e.to_string()))
}

/// One of the partner's own appointments.
#[utoipa::path(get, path = "/open/v1/appointments/{id}", operation_id = "open_appointment", tag = "open", security(("app_key" = [])), params(("id" = String, Path)),
    responses((status = 200, body = AppointmentShape), errors::Signed, errors::Missing, errors::Always))]
async fn load(
    State(app): State<App>,
    partner: Partner,
    Id(id): Id,
    Language(lang): Language,
) -> Result<Json<Value>, Problem> {
    read::appointment(&app, partner, AppointmentId(id), lang)
        .await
        .map(Json)
}

/// Call an appointment off.
#[utoipa::path(post, path = "/open/v1/appointments/{id}/cancel", operation_id = "open_cancel", tag = "open", security(("app_key" = [])), request_body = CancelBody,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 200, body = AppointmentShape), errors::Signed, errors::Missing, errors::State, errors::Invalid, errors::Always))]
async fn cancel(
    State(app): State<App>,
    partner: Partner,
    Id(id): Id,
    Language(lang): Language,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let keyed = asked.keyed(partner.id(), &raw)?;
    let request = Request {
        who: Who::Partner(partner),
        id: AppointmentId(id),
        keyed: keyed.as_ref(),
        raw: &raw,
        lang,
    };
    act::cancel(&app, request).await
}

/// Move an appointment to another slot.
#[utoipa::path(post, path = "/open/v1/appointments/{id}/reschedule", operation_id = "open_reschedule", tag = "open", security(("app_key" = [])), request_body = RescheduleBody,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 200, body = AppointmentShape), errors::Signed, errors::Missing, errors::State, errors::Invalid, errors::Always))]
async fn reschedule(
    State(app): State<App>,
    partner: Partner,
    Id(id): Id,
    Language(lang): Language,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let keyed = asked.keyed(partner.id(), &raw)?;
    let request = Request {
        who: Who::Partner(partner),
        id: AppointmentId(id),
        keyed: keyed.as_ref(),
        raw: &raw,
        lang,
    };
    act::reschedule(&app, request).await
}

/// One order of the partner's own.
#[utoipa::path(get, path = "/open/v1/orders/{id}", operation_id = "open_order", tag = "open", security(("app_key" = [])), params(("id" = String, Path)),
    responses((status = 200, body = OrderShape), errors::Signed, errors::Missing, errors::Always))]
async fn load_order(
    State(app): State<App>,
    partner: Partner,
    Id(id): Id,
) -> Result<Json<Value>, Problem> {
    read::order(&app, partner, id.into()).await.map(Json)
}
