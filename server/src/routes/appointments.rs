//! `/api/v1/appointments`.

use super::{
    answer::Written,
    body::{Body, Id, Language, Params},
    caller::Customer,
    keys::Asked,
    schema::{
        AcceptBody, AppointmentCardPage, AppointmentShape, BookingBody, CancelBody, RescheduleBody,
        ReviewBody, ReviewShape, errors,
    },
};
use crate::{
    app::App,
    customer::{
        act::{self, Request, Who},
        book::{self, Booker},
        cursor,
        lists::{self, Wanted},
    },
    once::Reply,
    problem::Problem,
    store::idempotency::Keyed,
};
use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use huishou_domain::{appointment::AppointmentStatus, ids::AppointmentId, pricing::Lang};
use serde_json::Value;
use uuid::Uuid;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/appointments", get(list).post(create))
        .route("/appointments/{id}", get(load))
        .route("/appointments/{id}/reschedule", post(reschedule))
        .route("/appointments/{id}/cancel", post(cancel))
        .route("/appointments/{id}/accept", post(accept))
        .route("/appointments/{id}/review", post(review))
}

/// The page that `?limit=&after=` asks for.
///
/// # Errors
/// 422 for a limit beyond bounds or a cursor that is not of this list and caller.
pub(super) fn wanted(
    app: &App,
    list: &str,
    caller: Uuid,
    params: &Params,
) -> Result<Wanted, Problem> {
    let limit = params.limit();
    let after = params
        .get("after")
        .map(|text| cursor::open(&app.config.cursor_secret(), list, caller, text));
    match (limit, after) {
        (Ok(limit), None) => Ok(Wanted { limit, after: None }),
        (Ok(limit), Some(Some(after))) => Ok(Wanted {
            limit,
            after: Some(after),
        }),
        (Err(problem), Some(None)) => Err(problem.and_field("after", "type")),
        (Err(problem), _) => Err(problem),
        (Ok(_), Some(None)) => Err(Problem::field("after", "type")),
    }
}

/// Book a pick-up. Appointment and order are made in one transaction; the estimate is included.
#[utoipa::path(post, path = "/api/v1/appointments", tag = "customer", security(("customer" = [])), request_body = BookingBody,
    params(("Idempotency-Key" = String, Header, description = "8–64 visible ASCII")),
    responses((status = 201, body = AppointmentShape), errors::Token, errors::Full, errors::Keyed, errors::Invalid, errors::Always))]
pub(super) async fn create(
    State(app): State<App>,
    customer: Customer,
    Language(lang): Language,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.surely_keyed(customer.user.0, &raw)?;
    let now = app.now();
    let booker = Booker::Customer(customer.user);
    book::book(&app, booker, Some(&key), &raw, lang, now).await
}

/// Own appointments, newest first.
#[utoipa::path(get, path = "/api/v1/appointments", tag = "customer", security(("customer" = [])),
    params(("status" = Option<u8>, Query, description = "0 pending, 1 confirmed, 2 completed, 3 cancelled, 4 in service"),
           ("fields" = Option<String>, Query, description = "`summary`: without `estimate` and `final`, for lists; whole where left out"),
           ("limit" = Option<u32>, Query, description = "1–100, default 20"), ("after" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, body = AppointmentCardPage), errors::Token, errors::Invalid, errors::Always))]
pub(super) async fn list(
    State(app): State<App>,
    customer: Customer,
    params: Params,
) -> Result<Written, Problem> {
    let status = params
        .given("status")
        .map(|text| text.parse().ok().and_then(AppointmentStatus::from_code));
    let wanted = wanted(&app, "appointments", customer.user.0, &params);
    let fields = params.given("fields");
    let faults = [
        ("status", status == Some(None)),
        ("fields", fields.is_some_and(|fields| fields != "summary")),
    ];
    let wanted =
        faults
            .iter()
            .filter(|(_, is_bad)| *is_bad)
            .fold(wanted, |wanted, (field, _)| {
                let problem = wanted.err();
                let problem = problem.unwrap_or_else(|| Problem::fields(Vec::new()));
                Err(problem.and_field(field, "type"))
            })?;
    let (user, status) = (customer.user, status.flatten());
    let text = if fields.is_some() {
        lists::summaries(&app, user, status, wanted).await
    } else {
        Box::pin(lists::appointments(&app, user, status, wanted)).await
    };
    text.map(Written)
}

/// One own appointment.
#[utoipa::path(get, path = "/api/v1/appointments/{id}", tag = "customer", security(("customer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = AppointmentShape), errors::Token, errors::Missing, errors::Archived, errors::Always))]
pub(super) async fn load(
    State(app): State<App>,
    customer: Customer,
    Id(id): Id,
    Language(lang): Language,
) -> Result<Json<Value>, Problem> {
    Box::pin(lists::appointment(&app, customer.user, id.into(), lang))
        .await
        .map(Json)
}

/// Move an appointment to another slot.
#[utoipa::path(post, path = "/api/v1/appointments/{id}/reschedule", tag = "customer", security(("customer" = [])), request_body = RescheduleBody,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 200, body = AppointmentShape), errors::Token, errors::Missing, errors::State, errors::Invalid, errors::Always))]
pub(super) async fn reschedule(
    State(app): State<App>,
    customer: Customer,
    Id(id): Id,
    Language(lang): Language,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.keyed(customer.user.0, &raw)?;
    act::reschedule(&app, request(customer, id, key.as_ref(), &raw, lang)).await
}

/// Call an appointment off.
#[utoipa::path(post, path = "/api/v1/appointments/{id}/cancel", tag = "customer", security(("customer" = [])), request_body = CancelBody,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 200, body = AppointmentShape), errors::Token, errors::Missing, errors::State, errors::Invalid, errors::Always))]
pub(super) async fn cancel(
    State(app): State<App>,
    customer: Customer,
    Id(id): Id,
    Language(lang): Language,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.keyed(customer.user.0, &raw)?;
    act::cancel(&app, request(customer, id, key.as_ref(), &raw, lang)).await
}

/// Say yes to the final quote.
#[utoipa::path(post, path = "/api/v1/appointments/{id}/accept", tag = "customer", security(("customer" = [])), request_body = AcceptBody,
    params(("id" = String, Path), ("Idempotency-Key" = String, Header, description = "8–64 visible ASCII")),
    responses((status = 200, body = AppointmentShape), errors::Token, errors::Missing, errors::State, errors::Keyed, errors::Invalid, errors::Always))]
pub(super) async fn accept(
    State(app): State<App>,
    customer: Customer,
    Id(id): Id,
    Language(lang): Language,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.surely_keyed(customer.user.0, &raw)?;
    act::accept(&app, request(customer, id, Some(&key), &raw, lang)).await
}

/// Give stars when the visit is over.
#[utoipa::path(post, path = "/api/v1/appointments/{id}/review", tag = "customer", security(("customer" = [])), request_body = ReviewBody,
    params(("id" = String, Path), ("Idempotency-Key" = String, Header, description = "8–64 visible ASCII")),
    responses((status = 201, body = ReviewShape), errors::Token, errors::Missing, errors::State, errors::Keyed, errors::Invalid, errors::Always))]
pub(super) async fn review(
    State(app): State<App>,
    customer: Customer,
    Id(id): Id,
    Language(lang): Language,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.surely_keyed(customer.user.0, &raw)?;
    act::review(&app, request(customer, id, Some(&key), &raw, lang)).await
}

const fn request<'a>(
    customer: Customer,
    id: Uuid,
    keyed: Option<&'a Keyed>,
    raw: &'a Value,
    lang: Lang,
) -> Request<'a> {
    Request {
        who: Who::Customer(customer.user),
        id: AppointmentId(id),
        keyed,
        raw,
        lang,
    }
}
