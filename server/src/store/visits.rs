//! The one write path of appointments and orders: lock, decide (in `huishou_domain::visit`), save. The appointment's
//! row is always locked before its order's, so that two writers never wait for each other. Saving writes what changed,
//! children by difference, and marks the aggregates dirty in every scope they were or are in.

use super::{
    StoreError,
    appointments::Stored,
    orders::Route,
    scopes::{VisitScopes, union},
};
use crate::sync::ports::VisitRows;
use huishou_domain::{
    appointment::{Appointment, AppointmentStatus},
    command::Subject,
    conflict::WriteMark,
    ids::{AppointmentId, OrderId},
    order::Order,
    sync::scope::Kind,
    visit::Visit,
};
use uuid::Uuid;

/// A visit whose rows are locked until the transaction ends.
#[derive(Debug, Clone)]
pub struct Locked {
    /// As it is.
    pub visit: Visit,
    /// Who last wrote the appointment; `None` for a ticket.
    pub appointment_mark: Option<WriteMark>,
    /// Who last wrote the order.
    pub order_mark: WriteMark,
    appointment_scopes: Option<VisitScopes>,
    order_scopes: VisitScopes,
    month: i32,
}

impl Locked {
    /// The mark an intent on this subject conflicts with: the appointment's where it has one.
    #[must_use]
    pub fn mark(&self, subject: Subject) -> WriteMark {
        match (subject, self.appointment_mark) {
            (Subject::Appointment(_), Some(mark)) => mark,
            _ => self.order_mark,
        }
    }
}

/// Locks the visit a command is about; `None` if there is none.
///
/// # Errors
/// The database refused, or a row cannot be read.
pub async fn lock(tx: &mut impl VisitRows, subject: Subject) -> Result<Option<Locked>, StoreError> {
    match subject {
        Subject::Appointment(id) | Subject::NewAppointment(id, _) => lock_appointment(tx, id).await,
        Subject::Order(id) | Subject::NewTicket(id) => lock_order(tx, id).await,
        Subject::Catalogue => Ok(None),
    }
}

/// Locks an appointment and its order.
///
/// # Errors
/// The database refused, or a row cannot be read.
pub async fn lock_appointment(
    tx: &mut impl VisitRows,
    id: AppointmentId,
) -> Result<Option<Locked>, StoreError> {
    let Some(appointment) = tx.lock_appointment(id).await? else {
        return Ok(None);
    };
    let order_id = appointment.body.order_id;
    let Some((month, order)) = tx.lock_order(order_id).await? else {
        return Err(StoreError::Unreadable(format!(
            "appointment {id} has no order {order_id}"
        )));
    };
    Ok(Some(locked(Some(appointment), order, month)))
}

/// Locks an order, its appointment first where it has one.
async fn lock_order(tx: &mut impl VisitRows, id: OrderId) -> Result<Option<Locked>, StoreError> {
    // Which appointment an order belongs to never changes, so it may be read before the lock.
    if let Some(appointment) = tx.appointment_of(id).await? {
        return lock_appointment(tx, appointment).await;
    }
    let found = tx.lock_order(id).await?;
    Ok(found.map(|(month, order)| locked(None, order, month)))
}

fn locked(appointment: Option<Stored<Appointment>>, order: Stored<Order>, month: i32) -> Locked {
    let (appointment_mark, appointment_scopes) = (
        appointment.as_ref().map(|a| a.mark),
        appointment.as_ref().map(|a| a.scopes),
    );
    Locked {
        visit: Visit {
            appointment: appointment.map(|a| a.body),
            order: order.body,
        },
        appointment_mark,
        order_mark: order.mark,
        appointment_scopes,
        order_scopes: order.scopes,
        month,
    }
}

/// Writes what a command changed. Versions have been raised by `Visit::apply`; what did not change is not touched.
///
/// # Errors
/// The database refused; [`StoreError::Duplicate`] where a quote's, payment's or refund's id is another order's;
/// [`StoreError::SlotFull`] where it was moved into a slot without a place left.
pub async fn save(
    tx: &mut impl VisitRows,
    before: &Locked,
    after: &Visit,
    writer: Uuid,
) -> Result<(), StoreError> {
    let scopes = VisitScopes::of(after);
    if let (Some(was), Some(is)) = (&before.visit.appointment, &after.appointment)
        && (was != is || before.appointment_scopes != Some(scopes))
    {
        save_appointment(tx, before, was, is, scopes, writer).await?;
    }
    if before.visit.order != after.order || before.order_scopes != scopes {
        let mark = before.order_mark.written(writer, after.order.version);
        let stored = Stored {
            body: after.order.clone(),
            mark,
            scopes,
        };
        tx.update_order(before.month, &before.visit.order, &stored)
            .await?;
        tx.mark(
            Kind::Order,
            after.order.id.0,
            &union(&before.order_scopes.list(), &scopes.list()),
        )
        .await?;
    }
    tx.tell_customer(Some(&before.visit), after).await
}

/// Takes a visit that is over out of its collectors' scopes; nothing else of it changes.
///
/// # Errors
/// The database refused.
pub async fn leave_to_station(tx: &mut impl VisitRows, locked: &Locked) -> Result<(), StoreError> {
    let station_only = |was: VisitScopes| VisitScopes {
        collector: None,
        fact: None,
        ..was
    };
    if let (Some(body), Some(mark), Some(was)) = (
        &locked.visit.appointment,
        locked.appointment_mark,
        locked.appointment_scopes,
    ) {
        let stored = Stored {
            body: body.clone(),
            mark,
            scopes: station_only(was),
        };
        tx.update_appointment(body, &stored).await?;
        tx.mark(Kind::Appointment, body.id.0, &was.list()).await?;
    }
    let body = &locked.visit.order;
    let stored = Stored {
        body: body.clone(),
        mark: locked.order_mark,
        scopes: station_only(locked.order_scopes),
    };
    tx.update_order(locked.month, body, &stored).await?;
    tx.mark(Kind::Order, body.id.0, &locked.order_scopes.list())
        .await
}

async fn save_appointment(
    tx: &mut impl VisitRows,
    before: &Locked,
    was: &Appointment,
    is: &Appointment,
    scopes: VisitScopes,
    writer: Uuid,
) -> Result<(), StoreError> {
    move_places(tx, was, is).await?;
    let mark = before.appointment_mark.unwrap_or_default();
    let mark = if is_significant(was, is) {
        mark.written(writer, is.version)
    } else {
        mark
    };
    tx.update_appointment(
        was,
        &Stored {
            body: is.clone(),
            mark,
            scopes,
        },
    )
    .await?;
    let old = before
        .appointment_scopes
        .map(|s| s.list())
        .unwrap_or_default();
    tx.mark(Kind::Appointment, is.id.0, &union(&old, &scopes.list()))
        .await
}

/// Takes and gives back places in slots as the visit moves, is called off, or happens after all. A move needs a free
/// place, whoever moves it; a cancelled visit that happened all the same is a fact and takes its place back regardless.
async fn move_places(
    tx: &mut impl VisitRows,
    was: &Appointment,
    is: &Appointment,
) -> Result<(), StoreError> {
    let holds = |a: &Appointment| a.status != AppointmentStatus::Cancelled;
    let moved = was.slot != is.slot || was.station_id != is.station_id;
    match (holds(was), holds(is)) {
        (true, true) if moved => {
            if !tx.take_place(is.station_id, &is.slot).await? {
                return Err(StoreError::SlotFull);
            }
            tx.release_place(was.station_id, &was.slot).await
        }
        (true, false) => tx.release_place(was.station_id, &was.slot).await,
        (false, true) => tx.occupy_place(is.station_id, &is.slot).await,
        _ => Ok(()),
    }
}

/// Whether anything but notes changed.
fn is_significant(was: &Appointment, is: &Appointment) -> bool {
    let mut plain = is.clone();
    plain.note.clone_from(&was.note);
    plain.version = was.version;
    plain.updated_at = was.updated_at;
    plain != *was
}

/// Writes a new visit: an appointment with its order, or a ticket.
///
/// # Errors
/// The database refused; [`StoreError::Duplicate`] where an id exists already; [`StoreError::SlotFull`] where the slot
/// has no place left.
pub async fn insert(
    tx: &mut impl VisitRows,
    route: Route,
    visit: &Visit,
    writer: Uuid,
) -> Result<(), StoreError> {
    let scopes = VisitScopes::of(visit);
    if let Some(appointment) = &visit.appointment {
        if !tx
            .take_place(appointment.station_id, &appointment.slot)
            .await?
        {
            return Err(StoreError::SlotFull);
        }
        let mark = WriteMark::created(writer, appointment.version);
        tx.insert_appointment(&Stored {
            body: appointment.clone(),
            mark,
            scopes,
        })
        .await?;
        tx.mark(Kind::Appointment, appointment.id.0, &scopes.list())
            .await?;
    }
    let mark = WriteMark::created(writer, visit.order.version);
    tx.insert_order(
        route,
        &Stored {
            body: visit.order.clone(),
            mark,
            scopes,
        },
    )
    .await?;
    tx.mark(Kind::Order, visit.order.id.0, &scopes.list())
        .await?;
    tx.tell_customer(None, visit).await
}
