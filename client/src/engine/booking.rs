//! A pick-up booked by telephone: which depot serves the address, and the rules every booking keeps.

use super::Engine;
use crate::{
    error::{Error, Result},
    store::{Db, base, mutations::Depot},
    view::{
        quote::{BookingRequest, EstimateRequest, Executed},
        session::FieldFault,
    },
    visits,
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    appointment::Slot,
    booking,
    command::{AppointmentCreate, Command, Subject, check},
    division,
    ids::StationId,
    pricing::Book,
    staff::{Actor, Station},
    sync::scope::Kind,
    visit::{Visit, permit_booking},
};

/// The depot that serves an address, with the rules of its city's price book.
pub struct Served {
    pub station: Station,
    pub rules: Option<Book>,
}

impl Served {
    /// What replaying the booking needs to know of it.
    pub fn depot(&self) -> Depot {
        Depot {
            station_id: self.station.id,
            city: self.station.city.clone(),
        }
    }
}

impl Engine {
    /// `appointment.create`, its estimate priced by the book in force.
    ///
    /// # Errors
    /// `validation_failed` with every bad field, `forbidden`, `id_taken`, and as for [`Engine::execute`].
    pub fn book_visit(&self, request: &BookingRequest) -> Result<Executed> {
        self.execute("appointment.create", serde_json::to_value(request)?)
    }

    /// `appointment.estimate`, priced by the book in force.
    ///
    /// # Errors
    /// `already_weighed`, and as for [`Engine::execute`]; pricing's codes under `items[i]`.
    pub fn estimate(&self, request: &EstimateRequest) -> Result<Executed> {
        self.execute("appointment.estimate", serde_json::to_value(request)?)
    }

    /// The depot that serves a district, of those this device knows; else this person's own, if it lies in the same
    /// city: the server knows them all.
    pub(super) fn served(&self, district: &str) -> Result<Option<Served>> {
        let own = self.person()?.station_id;
        let Some(station) = self.read(|db| station_of(db, district.trim(), own))? else {
            return Ok(None);
        };
        let rules = self.in_force(Some(&station.city)).ok();
        Ok(Some(Served {
            rules: rules.map(|book| book.rules().clone()),
            station,
        }))
    }
}

/// The most exact coverage wins, as on the server.
fn station_of(db: &Db, district: &str, own: Option<StationId>) -> Result<Option<Station>> {
    if !division::is_district(district) {
        return Ok(None);
    }
    let exactness = |station: &Station| {
        let covered = station.divisions.iter();
        covered.map(|area| division::coverage(area, district)).max()
    };
    let stations: Vec<Station> = base::all(db, Kind::Station)?;
    let serving = stations.iter().filter(|s| exactness(s) > Some(0));
    let near = |s: &&Station| Some(s.id) == own && division::covers(&s.city, district);
    let found = serving
        .max_by_key(|s| exactness(s))
        .or_else(|| stations.iter().find(near));
    Ok(found.cloned())
}

/// A new visit of this booking, as it is shown until the server has it.
///
/// # Errors
/// `validation_failed` with every bad field, `forbidden`, `id_taken`.
pub fn begin(
    db: &Db,
    args: &AppointmentCreate,
    served: Option<&Served>,
    actor: &Actor,
    slot: Option<Slot>,
    at: DateTime<Utc>,
) -> Result<Visit> {
    permit_booking(actor)?;
    free_ids(db, args)?;
    check::form(&Command::Create(Box::new(args.clone())))
        .map_err(|fault| Error::field(fault.code, fault.field))?;
    let city = served.map(|served| served.station.city.as_str());
    let rules = served.and_then(|served| served.rules.as_ref());
    booking::by_phone(args, city, at, rules).map_err(|faults| {
        let faults = faults.into_iter().map(FieldFault::from);
        Error::fields("validation_failed", faults.collect())
    })?;
    let not_served = || Error::field("not_served", "address.division");
    let depot = served.ok_or_else(not_served)?.depot();
    visits::booked(args, &depot, slot, at).ok_or_else(|| Error::field("required", "estimate"))
}

/// An id stands for one thing.
fn free_ids(db: &Db, args: &AppointmentCreate) -> Result<()> {
    if visits::find(db, Subject::Appointment(args.appointment_id))?.is_some() {
        return Err(Error::field("id_taken", "appointment_id"));
    }
    if visits::load(db, args.order_id.uuid())?.is_some() {
        return Err(Error::field("id_taken", "order_id"));
    }
    Ok(())
}
