//! Depots and the places in their slots: a new depot, and what a day offers.

use crate::{
    app::State,
    once,
    once::Reply,
    problem::Problem,
    slots as days,
    store::{StoreError, Tx, idempotency::Keyed, slots, slots::DaySlot, stations},
};
use chrono::{Days, NaiveDate};
use huishou_domain::{appointment::Slot, division, ids::StationId, staff::Station};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

/// How far ahead a day may be set, in days.
const AHEAD: u64 = 366;

/// A slot of a day as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Places {
    /// Local begin, `10:00`.
    pub start: String,
    /// Local end.
    pub end: String,
    /// Places; 0 is closed.
    pub capacity: u32,
    /// Places taken.
    pub taken: u32,
    /// Places left.
    pub free: u32,
}

impl From<DaySlot> for Places {
    fn from(slot: DaySlot) -> Self {
        Self {
            free: slot.free(),
            start: slot.start,
            end: slot.end,
            capacity: slot.capacity,
            taken: slot.taken,
        }
    }
}

/// A slot to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Local begin.
    pub start: String,
    /// Local end.
    pub end: String,
    /// Places; 0 closes it.
    pub capacity: u32,
}

/// The slots of a depot's day.
///
/// # Errors
/// `unknown_station`, `too_late`, or the database's.
pub async fn day(app: &State, station: StationId, date: NaiveDate) -> Result<Vec<Places>, Problem> {
    check_station(app, station).await?;
    check_date(app, date)?;
    let day = slots::of_day(&mut *app.db.read().await?, station, date).await?;
    Ok(day.into_iter().map(Places::from).collect())
}

/// Sets slots of a depot's day; those not named stay as they are, and places taken stay taken.
///
/// # Errors
/// `unknown_station`, `too_soon`, `too_late`, `overlaps`, those of the idempotency key, or the database's.
pub async fn set_day(
    app: &State,
    station: StationId,
    date: NaiveDate,
    settings: &[Setting],
    keyed: Option<&Keyed>,
) -> Result<Reply, Problem> {
    if let Some(reply) = once::replay(app, keyed).await? {
        return Ok(reply);
    }
    check_station(app, station).await?;
    if date < days::local(app.now()).date() {
        return Err(Problem::field("date", "too_soon"));
    }
    check_date(app, date)?;
    let day = slots::of_day(&mut *app.db.read().await?, station, date).await?;
    check_overlaps("items", &day, settings)?;
    let set = once!(app, keyed, tx => {
        for setting in settings {
            let slot = Slot {
                date: date.to_string(),
                start: setting.start.clone(),
                end: setting.end.clone(),
            };
            slots::set_day(tx, station, &slot, setting.capacity).await?;
        }
        let day = slots::made_of_day(tx.conn(), station, date).await?;
        let items: Vec<Places> = day.into_iter().map(Places::from).collect();
        Ok(Reply::ok(json!({"items": items, "next": null})))
    });
    app.places.forget();
    set
}

/// No two open slots of a day overlap.
fn check_overlaps(field: &str, day: &[DaySlot], settings: &[Setting]) -> Result<(), Problem> {
    let stays = |slot: &&DaySlot| !settings.iter().any(|s| s.start == slot.start);
    let kept = day.iter().filter(stays);
    let mut open: Vec<(&str, &str)> = kept
        .filter(|slot| slot.capacity > 0)
        .map(|slot| (slot.start.as_str(), slot.end.as_str()))
        .chain(
            settings
                .iter()
                .filter(|s| s.capacity > 0)
                .map(|s| (s.start.as_str(), s.end.as_str())),
        )
        .collect();
    open.sort_unstable();
    let overlaps = |pair: &[(&str, &str)]| matches!(pair, [(_, end), (start, _)] if start < end);
    if open.windows(2).any(overlaps) {
        return Err(Problem::field(field, "overlaps"));
    }
    Ok(())
}

async fn check_station(app: &State, station: StationId) -> Result<(), Problem> {
    let found = stations::load(&mut *app.db.read().await?, station).await?;
    found
        .map(|_| ())
        .ok_or_else(|| Problem::field("station", "unknown_station"))
}

fn check_date(app: &State, date: NaiveDate) -> Result<(), Problem> {
    let latest = days::local(app.now())
        .date()
        .checked_add_days(Days::new(AHEAD));
    if latest.is_none_or(|latest| date > latest) {
        return Err(Problem::field("date", "too_late"));
    }
    Ok(())
}

/// A new depot; texts are checked for length by the caller.
#[derive(Debug, Clone)]
pub struct NewStation {
    /// Short stable code.
    pub code: String,
    /// Name shown.
    pub name: String,
    /// City division code.
    pub city: String,
    /// Street address.
    pub address: String,
    /// Division-code prefixes whose pick-ups it serves.
    pub divisions: Vec<String>,
    /// The slots of each of its days, until a day is set otherwise.
    pub slots: Vec<Setting>,
}

/// Places a slot has where nobody says how many.
const USUAL_CAPACITY: u32 = 8;

/// What a depot offers where nobody says otherwise: 08:00–20:00 in slots of two hours.
#[must_use]
pub fn usual_day() -> Vec<Setting> {
    let slot = |hour: u32| Setting {
        start: format!("{hour:02}:00"),
        end: format!("{:02}:00", hour + 2),
        capacity: USUAL_CAPACITY,
    };
    (8..20).step_by(2).map(slot).collect()
}

/// Gives every day of a depot's week the same slots.
///
/// # Errors
/// The database refused.
pub async fn make_week(tx: &mut Tx, station: StationId, day: &[Setting]) -> Result<(), StoreError> {
    for weekday in 0..7 {
        for slot in day {
            let (start, end) = (&slot.start, &slot.end);
            slots::set_template(tx, station, weekday, start, end, slot.capacity).await?;
        }
    }
    Ok(())
}

/// Opens a depot; its slots can be booked at once.
///
/// # Errors
/// `unknown_division`, `overlaps`, `taken`, those of the idempotency key, or the database's.
pub async fn open(app: &State, new: &NewStation, keyed: Option<&Keyed>) -> Result<Reply, Problem> {
    if let Some(reply) = once::replay(app, keyed).await? {
        return Ok(reply);
    }
    check_area(new)?;
    check_overlaps("slots", &[], &new.slots)?;
    let station = Station {
        id: StationId(Uuid::now_v7()),
        version: 1,
        code: new.code.clone(),
        name: new.name.clone(),
        city: new.city.clone(),
        address: new.address.clone(),
        divisions: new.divisions.clone(),
    };
    let now = app.now();
    let opened = once!(app, keyed, tx => {
        // Asked under the key's lock: a twin's station is an answer to be given again, and no other's.
        if stations::by_code(tx.conn(), &new.code).await?.is_some() {
            return Err(Problem::field("code", "taken"));
        }
        stations::insert(tx, &station, &[], now).await.map_err(taken)?;
        make_week(tx, station.id, &new.slots).await?;
        Reply::of(201, &station)
    });
    app.places.forget();
    opened
}

fn taken(error: StoreError) -> Problem {
    if error.is_duplicate() {
        Problem::field("divisions", "taken")
    } else {
        error.into()
    }
}

/// City and districts exist.
fn check_area(new: &NewStation) -> Result<(), Problem> {
    if division::lookup(&new.city).is_none() {
        return Err(Problem::field("city", "unknown_division"));
    }
    match new.divisions.iter().position(|prefix| !is_area(prefix)) {
        Some(index) => Err(Problem::field(
            &format!("divisions[{index}]"),
            "unknown_division",
        )),
        None => Ok(()),
    }
}

/// Whether a prefix covers any division there is.
fn is_area(prefix: &str) -> bool {
    (2..=6).contains(&prefix.len())
        && prefix.bytes().all(|b| b.is_ascii_digit())
        && division::all()
            .iter()
            .any(|d| division::covers(prefix, d.code))
}
