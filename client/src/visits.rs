//! An appointment with its order as this device sees it: the server's state, with the commands made here and not yet
//! contained in it applied on top, oldest first. Bodies and list rows are materialised whenever either changes.

mod arriving;
mod passing;
mod rows;

use crate::{
    error::{Error, Result},
    store::{
        Db, appointment_list, base,
        edition::Edition,
        meta, mutations,
        mutations::{Depot, Stored},
        order_list, overlay,
    },
    view::visit::RowSync,
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    appointment::{Appointment, Slot},
    booking::Booking,
    command::{AppointmentCreate, Command, Subject},
    ids::OrderId,
    order::Order,
    sync::{message::Mutation, scope::Kind},
    visit::{Act, Opening, Party, Visit, create_ticket},
};
use uuid::Uuid;

pub use arriving::{Arriving, Lists};
pub use passing::{Listing, Passing, Read, Ready, Rows, visit_of};
pub use rows::search_text;

/// A visit with how it stands.
pub struct Seen {
    /// With changes made here.
    pub visit: Visit,
    /// Version of the appointment on the server, if it is there.
    pub appointment_version: Option<i64>,
    /// Version of the order on the server, if it is there.
    pub order_version: Option<i64>,
    /// It left this device's scopes.
    pub shadow: bool,
}

/// The visit a command is about; none when this device does not know it.
///
/// # Errors
/// Of the store.
pub fn find(db: &Db, subject: Subject) -> Result<Option<Uuid>> {
    match subject {
        Subject::Order(id) | Subject::NewTicket(id) | Subject::NewAppointment(_, id) => {
            Ok(Some(id.uuid()))
        }
        Subject::Appointment(id) => match overlay::visit_of(db, Kind::Appointment, id.uuid())? {
            Some(visit) => Ok(Some(visit)),
            None => Ok(base::get(db, Kind::Appointment, id.uuid())?.and_then(|row| row.visit)),
        },
        Subject::Catalogue => Ok(None),
    }
}

/// A visit as it is shown; none when neither the server nor a command made here told of it.
///
/// # Errors
/// Of the store.
pub fn load(db: &Db, visit: Uuid) -> Result<Option<Seen>> {
    let mut seen = Parts::of_base(db, visit)?;
    for (kind, body) in overlay::of_visit(db, visit)? {
        seen.take(&kind, &body)?;
    }
    Ok(seen.whole(visit))
}

/// A visit as the server last said it was.
///
/// # Errors
/// Of the store.
pub fn load_base(db: &Db, visit: Uuid) -> Result<Option<Seen>> {
    Ok(Parts::of_base(db, visit)?.whole(visit))
}

/// Stores a visit as changed here, and its list rows.
///
/// # Errors
/// Of the store.
pub fn store_overlay(db: &Db, visit: &Visit) -> Result<()> {
    let key = visit.order.id.uuid();
    if let Some(appointment) = &visit.appointment {
        overlay::put(
            db,
            Kind::Appointment,
            appointment.id.uuid(),
            key,
            &serde_json::to_string(appointment)?,
        )?;
    }
    overlay::put(
        db,
        Kind::Order,
        key,
        key,
        &serde_json::to_string(&visit.order)?,
    )?;
    relist(db, key)
}

/// Applies the visit's unconfirmed commands anew on the server's state.
///
/// # Errors
/// Of the store.
pub fn rebuild(db: &Db, visit: Uuid) -> Result<()> {
    match replayed(db, visit)? {
        Some(changed) => store_overlay(db, &changed),
        None => {
            overlay::remove(db, visit)?;
            relist(db, visit)
        }
    }
}

/// How the visit stands with the server has changed, and nothing else of it.
///
/// # Errors
/// Of the store.
pub fn restate(db: &Db, visit: Uuid) -> Result<()> {
    let sync = sync_of(db, visit, false)?;
    appointment_list::restate(db, visit, sync)?;
    order_list::restate(db, visit, sync)
}

/// The visit with its unconfirmed commands applied; none where there are none.
///
/// # Errors
/// Of the store.
pub fn replayed(db: &Db, key: Uuid) -> Result<Option<Visit>> {
    let commands = mutations::overlaid(db, key)?;
    if commands.is_empty() {
        return Ok(None);
    }
    let mut visit = load_base(db, key)?.map(|seen| seen.visit);
    for stored in &commands {
        visit = replay(visit, stored)?;
    }
    Ok(visit)
}

/// One command more. What is refused now (the server knows better by now) or was about something unknown changes
/// nothing; its verdict says so.
fn replay(visit: Option<Visit>, stored: &Stored) -> Result<Option<Visit>> {
    let mutation: Mutation = serde_json::from_str(&stored.bytes)?;
    let command =
        Command::decode(&mutation.name, &mutation.args).map_err(|_| Error::code("store_failed"))?;
    let act = act_of(stored, &mutation);
    Ok(match (visit, &command) {
        (None, Command::Ticket(args)) => Some(Visit {
            appointment: None,
            order: create_ticket(args, &act).0,
        }),
        (None, Command::Create(args)) => stored
            .context
            .depot
            .as_ref()
            .and_then(|depot| booked(args, depot, stored.context.slot.clone(), act.at)),
        (None, _) => None,
        (Some(mut visit), command) => {
            let _refused_meanwhile = visit.apply(command, &act);
            Some(visit)
        }
    })
}

/// A phone booking as this device shows it until the server has it; the server says who the customer is.
pub fn booked(
    args: &AppointmentCreate,
    depot: &Depot,
    slot: Option<Slot>,
    at: DateTime<Utc>,
) -> Option<Visit> {
    let opening = Opening {
        id: args.appointment_id,
        order_id: args.order_id,
        user_id: None,
        station_id: depot.station_id,
        slot: slot?,
        estimate: args.estimate.clone()?,
        at,
    };
    Some(opening.open(Booking::as_taken(args, &depot.city)))
}

/// The circumstances under which a stored command was given.
fn act_of(stored: &Stored, mutation: &Mutation) -> Act {
    Act {
        client_time: Some(mutation.client_time),
        saw_version: mutation.expect_version,
        slot: stored.context.slot.clone(),
        ..Act::new(Party::Staff(stored.context.actor), time(stored.made_at))
    }
}

fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// Forgets a shadow once nothing about it is open any more, and shows the visit as it now is.
///
/// # Errors
/// Of the store.
pub fn release(db: &Db, visit: Uuid) -> Result<()> {
    let (unanswered, open, uncontained) = mutations::standing(db, visit)?;
    if unanswered + open + uncontained == 0 {
        for (kind, row) in base::of_visit(db, visit)?
            .into_iter()
            .filter(|(_, row)| row.dropped)
        {
            let id = match Kind::parse(&kind) {
                Some(Kind::Order) => visit,
                _ => serde_json::from_str::<Appointment>(&row.body)?.id.uuid(),
            };
            base::remove(db, &kind, id)?;
        }
    }
    rebuild(db, visit)
}

/// Brings the visit's list rows up to date.
///
/// # Errors
/// Of the store.
pub fn relist(db: &Db, visit: Uuid) -> Result<()> {
    let Some(seen) = load(db, visit)? else {
        appointment_list::remove_visit(db, visit)?;
        return order_list::remove_visit(db, Edition::Shown, visit);
    };
    let sync = sync_of(db, visit, seen.shadow)?;
    let Visit { appointment, order } = seen.visit;
    let half = appointment.map(rows::Half::of);
    let by_piece: Vec<String> = meta::get(db, meta::Key::PieceGoods)?.unwrap_or_default();
    let row = rows::order_row(half.as_ref(), &order, sync, &by_piece);
    order_list::put(db, &row)?;
    match half {
        Some(half) => appointment_list::put(db, &rows::appointment_row(half, &order, sync)),
        None => appointment_list::remove_visit(db, visit),
    }
}

/// How a visit stands with the server.
///
/// # Errors
/// Of the store.
pub fn sync_of(db: &Db, visit: Uuid, shadow: bool) -> Result<RowSync> {
    let (unanswered, open, _) = mutations::standing(db, visit)?;
    Ok(match (shadow, open, unanswered) {
        (true, ..) => RowSync::Shadow,
        (false, 1.., _) => RowSync::Refused,
        (false, 0, 1..) => RowSync::Pending,
        (false, 0, 0) => RowSync::Synced,
    })
}

#[derive(Default)]
struct Parts {
    appointment: Option<Appointment>,
    order: Option<Order>,
    appointment_version: Option<i64>,
    order_version: Option<i64>,
    shadow: bool,
}

impl Parts {
    fn of_base(db: &Db, visit: Uuid) -> Result<Self> {
        let mut parts = Self::default();
        for (kind, row) in base::of_visit(db, visit)? {
            parts.take(&kind, &row.body)?;
            parts.shadow |= row.dropped;
            match Kind::parse(&kind) {
                Some(Kind::Appointment) => parts.appointment_version = Some(row.version),
                _ => parts.order_version = Some(row.version),
            }
        }
        Ok(parts)
    }

    fn take(&mut self, kind: &str, body: &str) -> Result<()> {
        match Kind::parse(kind) {
            Some(Kind::Appointment) => self.appointment = Some(serde_json::from_str(body)?),
            Some(Kind::Order) => self.order = Some(serde_json::from_str(body)?),
            _ => {}
        }
        Ok(())
    }

    fn whole(self, visit: Uuid) -> Option<Seen> {
        let order = match (self.order, &self.appointment) {
            (Some(order), _) => order,
            (None, Some(appointment)) => order_of(appointment, visit),
            (None, None) => return None,
        };
        let visit = Visit {
            appointment: self.appointment,
            order,
        };
        Some(Seen {
            visit,
            appointment_version: self.appointment_version,
            order_version: self.order_version,
            shadow: self.shadow,
        })
    }
}

/// An appointment's order that has not reached this device: empty, as at booking.
fn order_of(appointment: &Appointment, id: Uuid) -> Order {
    Order {
        appointment_id: Some(appointment.id),
        user_id: appointment.user_id,
        collector: appointment.assignee,
        ..Order::new(OrderId(id), appointment.station_id, appointment.created_at)
    }
}
