//! Which depot serves a district, and which of its slots a time lies in. Slots are in China's time, UTC+8 all year.

use crate::store::{Db, StoreError, Tx, appointments, slots, stations};
use chrono::{DateTime, Months, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use huishou_domain::{
    appointment::Slot,
    booking::check_time,
    ids::{AppointmentId, StationId},
    staff::Station,
};
use moka::sync::Cache;
use std::{hash::Hash, sync::Arc, time::Duration};

/// China's time.
const OFFSET: TimeDelta = TimeDelta::hours(8);

/// The local time of an instant.
#[must_use]
pub fn local(at: DateTime<Utc>) -> NaiveDateTime {
    (at + OFFSET).naive_utc()
}

/// The instant of a local time.
#[must_use]
pub fn instant(local: NaiveDateTime) -> DateTime<Utc> {
    local.and_utc() - OFFSET
}

/// The depot that serves a district.
///
/// # Errors
/// The database refused.
pub async fn station_of(db: &Db, division: &str) -> Result<Option<Station>, StoreError> {
    stations::serving(&mut *db.read().await?, division).await
}

/// So long a depot or a slot that was found is taken to be as it was. Only what was found is believed: before anything is
/// refused the database is asked.
const BELIEVED: Duration = Duration::from_secs(1);
/// Depots and slots remembered at the same time.
const REMEMBERED: u64 = 4096;

/// Where bookings go, remembered for a moment: hundreds a second ask for the same depots and slots.
#[derive(Debug)]
pub struct Places {
    stations: Cache<String, Arc<Station>>,
    days: Cache<(StationId, NaiveDate), Arc<Vec<slots::DaySlot>>>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            stations: remembered(),
            days: remembered(),
        }
    }
}

fn remembered<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static>()
-> Cache<K, V> {
    Cache::builder()
        .max_capacity(REMEMBERED)
        .time_to_live(BELIEVED)
        .build()
}

impl Places {
    /// The depot that serves a district.
    ///
    /// # Errors
    /// The database refused.
    pub async fn station_of(
        &self,
        db: &Db,
        division: &str,
    ) -> Result<Option<Arc<Station>>, StoreError> {
        if let Some(known) = self.stations.get(division) {
            return Ok(Some(known));
        }
        let found = station_of(db, division).await?.map(Arc::new);
        if let Some(station) = &found {
            self.stations
                .insert(division.to_owned(), Arc::clone(station));
        }
        Ok(found)
    }

    /// The open slot of a depot that a time lies in, full or not.
    ///
    /// # Errors
    /// The database refused.
    pub async fn slot_at(
        &self,
        db: &Db,
        station: StationId,
        at: DateTime<Utc>,
    ) -> Result<Option<Slot>, StoreError> {
        let (date, time) = (local(at).date(), local(at).format("%H:%M").to_string());
        let known = self.days.get(&(station, date));
        if let Some(slot) = known.and_then(|day| open_at(&day, date, &time)) {
            return Ok(Some(slot));
        }
        let day = slots::of_day(&mut *db.read().await?, station, date).await?;
        let found = open_at(&day, date, &time);
        self.days.insert((station, date), Arc::new(day));
        Ok(found)
    }

    /// Asks the database anew: after a depot or a day was changed here.
    pub fn forget(&self) {
        self.stations.invalidate_all();
        self.days.invalidate_all();
    }
}

/// Makes the rows of the day a visit is to be moved to, where they are missing and the day can be booked; before the
/// transaction that moves it.
///
/// # Errors
/// The database refused.
pub async fn prepare(
    db: &Db,
    appointment: AppointmentId,
    to: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let date = local(to).date();
    if check_day(date, now).is_err() {
        return Ok(());
    }
    let station = appointments::station_of(&mut *db.read().await?, appointment).await?;
    if let Some(station) = station {
        slots::of_day(&mut *db.read().await?, station, date).await?;
    }
    Ok(())
}

/// The depot that serves a phone booking, with the rows of its day made where they are missing; before the transaction
/// that books.
///
/// # Errors
/// The database refused.
pub async fn prepare_booking(
    db: &Db,
    division: &str,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<Station>, StoreError> {
    if !huishou_domain::division::is_district(division) {
        return Ok(None);
    }
    let station = station_of(db, division).await?;
    if let Some(station) = &station
        && check_day(local(at).date(), now).is_ok()
    {
        slots::of_day(&mut *db.read().await?, station.id, local(at).date()).await?;
    }
    Ok(station)
}

/// The open slot of a depot that a time lies in, full or not.
///
/// # Errors
/// The database refused.
pub async fn slot_at(
    db: &Db,
    station: StationId,
    at: DateTime<Utc>,
) -> Result<Option<Slot>, StoreError> {
    let (date, time) = (local(at).date(), local(at).format("%H:%M").to_string());
    let day = slots::of_day(&mut *db.read().await?, station, date).await?;
    Ok(open_at(&day, date, &time))
}

/// The same inside a transaction, of a day whose rows were made before it.
///
/// # Errors
/// The database refused.
pub async fn made_slot_at(
    tx: &mut Tx,
    station: StationId,
    at: DateTime<Utc>,
) -> Result<Option<Slot>, StoreError> {
    let (date, time) = (local(at).date(), local(at).format("%H:%M").to_string());
    let day = slots::made_of_day(tx.conn(), station, date).await?;
    Ok(open_at(&day, date, &time))
}

fn open_at(day: &[slots::DaySlot], date: NaiveDate, time: &str) -> Option<Slot> {
    let found = day
        .iter()
        .find(|slot| slot.capacity > 0 && slot.start.as_str() <= time && time < slot.end.as_str());
    found.map(|slot| Slot {
        date: date.to_string(),
        start: slot.start.clone(),
        end: slot.end.clone(),
    })
}

/// A slot offered, with its places.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Offer {
    /// Local date.
    #[schema(example = "2026-11-24")]
    pub date: String,
    /// Local begin.
    #[schema(example = "10:00")]
    pub start: String,
    /// Local end.
    #[schema(example = "12:00")]
    pub end: String,
    /// Places.
    pub capacity: u32,
    /// Places left.
    pub free: u32,
}

/// The slots of a day that can still be booked; those whose end is too near are left out.
///
/// # Errors
/// The database refused.
pub async fn offers(
    db: &Db,
    station: StationId,
    date: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Vec<Offer>, StoreError> {
    let day = slots::of_day(&mut *db.read().await?, station, date).await?;
    let open = day.into_iter().filter(|slot| {
        slot.capacity > 0
            && last_minute(date, &slot.end).is_some_and(|at| check_time(at, now) != Err("too_soon"))
    });
    Ok(open
        .map(|slot| Offer {
            date: date.to_string(),
            free: slot.free(),
            start: slot.start,
            end: slot.end,
            capacity: slot.capacity,
        })
        .collect())
}

/// The last instant a visit in this slot may be booked for.
fn last_minute(date: NaiveDate, end: &str) -> Option<DateTime<Utc>> {
    let end = if end == "24:00" {
        date.succ_opt()?.and_hms_opt(0, 0, 0)?
    } else {
        date.and_time(end.parse().ok()?)
    };
    Some(instant(end) - TimeDelta::minutes(1))
}

/// Whether a day can be booked at all.
///
/// # Errors
/// `too_soon` for days past, `too_late` beyond a month.
pub fn check_day(date: NaiveDate, now: DateTime<Utc>) -> Result<(), &'static str> {
    let today = local(now).date();
    let latest = now
        .checked_add_months(Months::new(1))
        .map(|at| local(at).date());
    if date < today {
        Err("too_soon")
    } else if latest.is_none_or(|latest| date > latest) {
        Err("too_late")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_slot_is_offered_until_no_minute_of_it_is_an_hour_away() {
        let date: NaiveDate = "2026-11-24".parse().unwrap();
        assert_eq!(
            last_minute(date, "12:00").unwrap().to_rfc3339(),
            "2026-11-24T03:59:00+00:00"
        );
        assert_eq!(
            last_minute(date, "24:00").unwrap().to_rfc3339(),
            "2026-11-24T15:59:00+00:00"
        );
    }

    #[test]
    fn days_are_chinas() {
        let late_evening: DateTime<Utc> = "2026-11-23T16:30:00Z".parse().unwrap();
        assert_eq!(
            check_day("2026-11-23".parse().unwrap(), late_evening),
            Err("too_soon"),
            "already the 24th in China"
        );
        assert_eq!(
            check_day("2026-12-24".parse().unwrap(), late_evening),
            Ok(())
        );
        assert_eq!(
            check_day("2026-12-25".parse().unwrap(), late_evening),
            Err("too_late")
        );
    }
}
