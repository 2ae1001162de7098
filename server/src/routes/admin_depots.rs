//! `/admin/v1/stations` and `/admin/v1/slots`: depots, and the places of their days.

use super::{
    body::{Body, Params},
    desk_answers::{ListShape, StationShape},
    desk_schema::{SlotsBody, StationBody},
    keys::Asked,
    lists,
    schema::errors,
};
use crate::{
    admin::depots::{self, NewStation, Setting},
    app::App,
    form::Form,
    once::Reply,
    problem::Problem,
    staff::AdminSession,
    store::stations,
};
use axum::{Json, Router, extract::State, routing::get};
use chrono::{NaiveDate, NaiveTime};
use huishou_domain::ids::StationId;
use serde_json::Value;
use utoipa::OpenApi;
use uuid::Uuid;

/// Slots set at once.
const MOST_SLOTS: usize = 48;
/// Places a slot.
const MOST_PLACES: u64 = 10_000;
/// Areas a depot serves.
const MOST_DIVISIONS: usize = 200;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/admin/v1/stations", get(list_stations).post(add_station))
        .route("/admin/v1/slots", get(list_places).put(set_places))
}

#[derive(OpenApi)]
#[openapi(paths(list_stations, add_station, list_places, set_places))]
struct Description;

/// Their description.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// Every station.
#[utoipa::path(get, path = "/admin/v1/stations", tag = "admin", security(("staff" = [])),
    responses((status = 200, body = ListShape), (status = 403, description = "`forbidden`"), errors::Token, errors::Always))]
async fn list_stations(State(app): State<App>, _: AdminSession) -> Result<Json<Value>, Problem> {
    let items = stations::all(&mut *app.db.read().await?).await?;
    Ok(lists::whole(items))
}

/// Open a station. Each of its days offers `slots`; 08:00–20:00 in slots of two hours with 8 places where they are left
/// out, none where the list is empty.
#[utoipa::path(post, path = "/admin/v1/stations", tag = "admin", security(("staff" = [])), request_body = StationBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 201, body = StationShape), (status = 403, description = "`forbidden`"), errors::Token, errors::Once, errors::Invalid, errors::Always))]
async fn add_station(
    State(app): State<App>,
    admin: AdminSession,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.keyed(admin.id().0, &raw)?;
    let mut form = Form::new(&raw)?;
    let code = form.text("code", 2..=32);
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    form.fault_if(!code.bytes().all(plain), "code", "type");
    let new = NewStation {
        code,
        name: form.name("name", 1..=100),
        city: form.text("city", 6..=6),
        address: form.optional_text("address", 0..=200).unwrap_or_default(),
        divisions: divisions(&mut form),
        slots: usual_slots(&mut form, &raw),
    };
    form.finish()?;
    depots::open(&app, &new, key.as_ref()).await
}

/// The slots of a station's day with their places.
#[utoipa::path(get, path = "/admin/v1/slots", tag = "admin", security(("staff" = [])),
    params(("station" = String, Query), ("date" = String, Query, description = "Local, as 2026-11-24")),
    responses((status = 200, body = ListShape), (status = 403, description = "`forbidden`"), errors::Token, errors::Invalid, errors::Always))]
async fn list_places(
    State(app): State<App>,
    _: AdminSession,
    params: Params,
) -> Result<Json<Value>, Problem> {
    let (station, date) = which_day(&params)?;
    let items = depots::day(&app, station, date).await?;
    Ok(lists::whole(items))
}

/// Set places of a station's day; slots not named stay, places taken stay taken, capacity 0 closes a slot.
#[utoipa::path(put, path = "/admin/v1/slots", tag = "admin", security(("staff" = [])), request_body = SlotsBody,
    params(("station" = String, Query), ("date" = String, Query, description = "Local, as 2026-11-24"), ("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 200, body = ListShape), (status = 403, description = "`forbidden`"), errors::Token, errors::Once, errors::Invalid, errors::Always))]
async fn set_places(
    State(app): State<App>,
    admin: AdminSession,
    params: Params,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.keyed(admin.id().0, &raw)?;
    let (station, date) = which_day(&params)?;
    let mut form = Form::new(&raw)?;
    let settings = settings(&mut form, "items");
    form.finish()?;
    depots::set_day(&app, station, date, &settings, key.as_ref()).await
}

fn which_day(params: &Params) -> Result<(StationId, NaiveDate), Problem> {
    let needed = |key| {
        params
            .get(key)
            .ok_or_else(|| Problem::field(key, "required"))
    };
    let station = Uuid::parse_str(needed("station")?);
    let station = station.map_err(|_| Problem::field("station", "type"))?;
    let date = needed("date")?.parse();
    let date = date.map_err(|_| Problem::field("date", "type"))?;
    Ok((StationId(station), date))
}

fn divisions(form: &mut Form<'_>) -> Vec<String> {
    let mut prefixes = Vec::new();
    for (index, prefix) in form.list("divisions", MOST_DIVISIONS).iter().enumerate() {
        match prefix.as_str() {
            Some(text) if !prefixes.iter().any(|known| known == text) => {
                prefixes.push(text.to_owned());
            }
            Some(_) => {}
            None => form.fault(&format!("divisions[{index}]"), "type"),
        }
    }
    prefixes
}

/// What a station's days offer: what is said, also nothing, or the usual.
fn usual_slots(form: &mut Form<'_>, raw: &Value) -> Vec<Setting> {
    match raw.get("slots") {
        None | Some(Value::Null) => depots::usual_day(),
        Some(Value::Array(none)) if none.is_empty() => Vec::new(),
        Some(_) => settings(form, "slots"),
    }
}

fn settings(form: &mut Form<'_>, list_key: &str) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    for (index, item) in form.list(list_key, MOST_SLOTS).iter().enumerate() {
        let at = |key: &str| format!("{list_key}[{index}].{key}");
        let (start, end) = (hour(item, "start"), hour(item, "end"));
        form.fault_if(start.is_none_or(|t| t == "24:00"), &at("start"), "type");
        let ordered = matches!((start, end), (Some(start), Some(end)) if start < end);
        form.fault_if(!ordered, &at("end"), "type");
        let capacity = item.get("capacity").and_then(Value::as_u64);
        form.fault_if(capacity.is_none(), &at("capacity"), "type");
        let capacity = capacity.unwrap_or_default();
        form.fault_if(capacity > MOST_PLACES, &at("capacity"), "out_of_range");
        let (start, end) = (start.unwrap_or_default(), end.unwrap_or_default());
        form.fault_if(
            settings.iter().any(|s| s.start == start),
            &at("start"),
            "overlaps",
        );
        settings.push(Setting {
            start: start.to_owned(),
            end: end.to_owned(),
            capacity: u32::try_from(capacity).unwrap_or_default(),
        });
    }
    settings
}

/// A time of day, `00:00` to `24:00`.
fn hour<'a>(item: &'a Value, key: &str) -> Option<&'a str> {
    let text = item.get(key)?.as_str()?;
    let is_time = text.len() == 5 && NaiveTime::parse_from_str(text, "%H:%M").is_ok();
    (is_time || text == "24:00").then_some(text)
}
