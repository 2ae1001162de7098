//! The offline lease (sync.md 24): a device that has not met the server for 30 days of trusted time locks. Nothing new is
//! begun on it; a visit in progress can be finished, and whatever was done is pushed as soon as there is contact, which
//! unlocks it.

use super::Engine;
use crate::{
    clock::Contact,
    error::{Error, Result},
    store::{Db, meta},
};
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{appointment::AppointmentStatus, order::OrderStatus, visit::Visit};
use std::sync::atomic::Ordering;

/// How long a device works without meeting the server.
pub const LEASE: TimeDelta = TimeDelta::days(30);

/// When the lease ends; none on a device that has never met a server.
///
/// # Errors
/// Of the store.
pub fn ends(db: &Db) -> Result<Option<DateTime<Utc>>> {
    let contact: Option<Contact> = meta::get(db, meta::Key::Contact)?;
    Ok(contact.map(|contact| contact.server + LEASE))
}

/// Whether the lease has ended.
///
/// # Errors
/// Of the store.
pub fn is_over(db: &Db, now: DateTime<Utc>) -> Result<bool> {
    Ok(ends(db)?.is_some_and(|ends| now >= ends))
}

/// Lets a command through unless the lease is over and it is not about a visit in progress. None: something new.
///
/// # Errors
/// `lease_over`, or of the store.
pub fn permits(db: &Db, visit: Option<&Visit>, now: DateTime<Utc>) -> Result<()> {
    if !is_over(db, now)? || visit.is_some_and(is_in_progress) {
        return Ok(());
    }
    Err(Error::code("lease_over"))
}

/// Begun, and not at its end: in service, or weighed and not yet settled.
fn is_in_progress(visit: &Visit) -> bool {
    let appointment = visit.appointment.as_ref();
    let in_service = appointment.is_some_and(|a| a.status == AppointmentStatus::InService);
    let unsettled = matches!(visit.order.status, OrderStatus::Unpaid | OrderStatus::Paid);
    in_service || (visit.order.weighed_at.is_some() && unsettled)
}

impl Engine {
    /// Tells the window when the lease has ended or begun anew.
    pub(super) fn look_at_lease(&self) {
        let now = self.inner.main.clock.now();
        let Ok(over) = self.main_read(|db| is_over(db, now)) else {
            return;
        };
        if self.inner.locked.swap(over, Ordering::SeqCst) == over {
            return;
        }
        tracing::warn!(over, "the offline lease ended or began anew");
        if let Err(error) = self.session_changed() {
            tracing::warn!(%error, "the window could not be told");
        }
    }
}
