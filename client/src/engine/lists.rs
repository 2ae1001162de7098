//! Lists: one query over extracted columns, however many rows.

use super::{Engine, session};
use crate::{
    error::{Error, Result},
    store::{
        Db,
        appointment_list::{self, Conditions},
        base, order_list, overlay,
    },
    view::visit::{AppointmentFilter, AppointmentRow, Directory, OrderFilter, OrderRow},
};
use chrono::{Days, NaiveDate, TimeDelta};
use huishou_domain::{
    ids::StaffId,
    staff::{Staff, Station},
    sync::scope::Kind,
};
use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

/// The trade's days are China's, whatever the laptop's zone.
const CHINA: TimeDelta = TimeDelta::hours(8);

impl Engine {
    /// Appointments by time.
    ///
    /// # Errors
    /// `invalid_date`.
    pub fn appointments(&self, filter: &AppointmentFilter) -> Result<Vec<AppointmentRow>> {
        let (from, until) = days(filter.from.as_deref(), filter.to.as_deref())?;
        self.read(|db| {
            let conditions = Conditions {
                from,
                until,
                any_text: self.texts(db, &filter.query)?,
                statuses: filter.statuses.iter().map(|s| s.code()).collect(),
                assignee: filter.assignee.map(StaffId::uuid),
            };
            let mut rows = appointment_list::find(db, &conditions)?;
            let names = staff_names(db)?;
            for row in &mut rows {
                row.assignee_name = row.assignee.and_then(|id| names.get(&id).cloned());
            }
            Ok(rows)
        })
    }

    /// Orders and tickets, newest first.
    ///
    /// # Errors
    /// `invalid_date`.
    pub fn orders(&self, filter: &OrderFilter) -> Result<Vec<OrderRow>> {
        let (from, until) = days(filter.from.as_deref(), filter.to.as_deref())?;
        self.read(|db| {
            let statuses = filter.statuses.iter().map(|s| s.code()).collect();
            let conditions = Conditions {
                from,
                until,
                any_text: self.texts(db, &filter.query)?,
                statuses,
                assignee: None,
            };
            order_list::find(db, &conditions, filter.tickets)
        })
    }

    /// People and places the device knows.
    ///
    /// # Errors
    /// Of the store.
    pub fn directory(&self) -> Result<Directory> {
        self.read(|db| {
            Ok(Directory {
                staff: base::all(db, Kind::Staff)?,
                stations: base::all(db, Kind::Station)?,
                own_station: session::person(db)?.and_then(|p| p.station_id),
            })
        })
    }

    /// All bodies of a kind with this device's own changes, for scripts and support: `appointment`, `order`, `ticket`,
    /// `price_book`, `staff`, `station`; a plural is understood.
    ///
    /// # Errors
    /// `unknown_kind`.
    pub fn list(&self, kind: &str) -> Result<Vec<Value>> {
        let kind = kind.strip_suffix('s').unwrap_or(kind);
        let tickets = kind == "ticket";
        let kind = if tickets {
            Some(Kind::Order)
        } else {
            Kind::parse(kind)
        }
        .ok_or_else(|| Error::field("unknown_kind", "kind"))?;
        let bodies = self.read(|db| overlay::effective(db, kind))?;
        let parsed = bodies
            .iter()
            .map(|body| Ok(serde_json::from_str::<Value>(body)?))
            .collect::<Result<Vec<_>>>()?;
        Ok(parsed
            .into_iter()
            .filter(|body| !tickets || body.get("appointment_id").is_none_or(Value::is_null))
            .collect())
    }

    /// One body of a kind, as [`Engine::list`] has it.
    ///
    /// # Errors
    /// `unknown_kind`, `not_found`.
    pub fn show(&self, kind: &str, id: &str) -> Result<Value> {
        let kind = match kind.strip_suffix('s').unwrap_or(kind) {
            "ticket" => Kind::Order,
            kind => Kind::parse(kind).ok_or_else(|| Error::field("unknown_kind", "kind"))?,
        };
        let id: Uuid = id.parse().map_err(|_| Error::not_found("id"))?;
        let body = self
            .read(|db| overlay::effective_one(db, kind, id))?
            .ok_or_else(|| Error::not_found("id"))?;
        Ok(serde_json::from_str(&body)?)
    }

    /// What to look for: the text itself, and the categories of goods whose name or pinyin it is part of.
    fn texts(&self, db: &Db, query: &str) -> Result<Vec<String>> {
        let query = query.trim().to_lowercase();
        if query.is_empty() {
            return Ok(Vec::new());
        }
        let books = self.books(db)?;
        let goods = books.iter().flat_map(|compiled| compiled.book.catalogue());
        let named = goods.filter(|g| {
            g.name.to_lowercase().contains(&query)
                || g.name_en.to_lowercase().contains(&query)
                || g.pinyin == query
        });
        let mut texts: Vec<String> = named.map(|g| g.category.to_lowercase()).collect();
        texts.push(query);
        texts.sort();
        texts.dedup();
        Ok(texts)
    }
}

/// Names of the staff this device knows.
pub fn staff_names(db: &Db) -> Result<HashMap<StaffId, String>> {
    let staff: Vec<Staff> = base::all(db, Kind::Staff)?;
    Ok(staff.into_iter().map(|s| (s.id, s.name)).collect())
}

/// A station's row, if it is here.
pub fn station(db: &Db, id: huishou_domain::ids::StationId) -> Result<Option<Station>> {
    let row = base::get(db, Kind::Station, id.uuid())?;
    row.map(|row| Ok(serde_json::from_str(&row.body)?))
        .transpose()
}

/// From the first moment of `from` to the last of `to` (one day when there is no `to`), unix milliseconds.
fn days(from: Option<&str>, to: Option<&str>) -> Result<(Option<i64>, Option<i64>)> {
    let day = |text: &str, field| {
        text.parse::<NaiveDate>()
            .map_err(|_| Error::field("invalid_date", field))
    };
    let first = from.map(|text| day(text, "from")).transpose()?;
    let last = to.map(|text| day(text, "to")).transpose()?.or(first);
    let after = last.and_then(|day| day.checked_add_days(Days::new(1)));
    let midnight = |day: NaiveDate| {
        (day.and_time(chrono::NaiveTime::MIN).and_utc() - CHINA).timestamp_millis()
    };
    Ok((first.map(midnight), after.map(midnight)))
}
