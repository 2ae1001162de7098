//! Everything about one appointment or order.

use super::{Engine, actions, history, lists::staff_names, session};
use crate::{
    error::{Error, Result},
    store::{Db, drafts, mutations},
    view::visit::{AppointmentDetail, HistoryEntry, OrderDetail},
    visits::{self, Seen},
};
use huishou_domain::{
    command::Subject,
    division,
    ids::{AppointmentId, OrderId},
    staff::Actor,
};
use uuid::Uuid;

impl Engine {
    /// One appointment.
    ///
    /// # Errors
    /// `not_found`.
    pub fn appointment(&self, id: AppointmentId) -> Result<AppointmentDetail> {
        self.read(|db| {
            let key = visits::find(db, Subject::Appointment(id))?
                .ok_or_else(|| Error::not_found("id"))?;
            let whole = whole(db, key)?.ok_or_else(|| Error::not_found("id"))?;
            let visit = whole.seen.visit;
            let appointment = visit.appointment.ok_or_else(|| Error::not_found("id"))?;
            let names = staff_names(db)?;
            Ok(AppointmentDetail {
                division_name: division::names(&appointment.address.division)
                    .map(|n| n.to_string())
                    .unwrap_or_default(),
                assignee_name: appointment.assignee.and_then(|id| names.get(&id).cloned()),
                sync: visits::sync_of(db, key, whole.seen.shadow)?,
                history: whole.history,
                actions: whole.actions,
                has_draft: has_draft(db, &[appointment.id.uuid(), key])?,
                order: visit.order,
                appointment,
            })
        })
    }

    /// One order or ticket.
    ///
    /// # Errors
    /// `not_found`.
    pub fn order(&self, id: OrderId) -> Result<OrderDetail> {
        self.read(|db| {
            let whole = whole(db, id.uuid())?.ok_or_else(|| Error::not_found("id"))?;
            Ok(OrderDetail {
                sync: visits::sync_of(db, id.uuid(), whole.seen.shadow)?,
                history: whole.history,
                actions: whole.actions,
                order: whole.seen.visit.order,
                appointment: whole.seen.visit.appointment,
            })
        })
    }
}

struct Whole {
    seen: Seen,
    history: Vec<HistoryEntry>,
    actions: Vec<String>,
}

fn whole(db: &Db, key: Uuid) -> Result<Option<Whole>> {
    let Some(seen) = visits::load(db, key)? else {
        return Ok(None);
    };
    let base = visits::load_base(db, key)?.map(|s| s.visit);
    let names = staff_names(db)?;
    let history = history::of(
        &seen.visit,
        base.as_ref(),
        &mutations::overlaid(db, key)?,
        &names,
    );
    let actor = session::person(db)?.map(|p| Actor {
        id: p.id,
        role: p.role,
        station: p.station_id,
    });
    let actions = match actor {
        Some(actor) if !seen.shadow => actions::of(&seen.visit, &actor),
        _ => Vec::new(),
    };
    Ok(Some(Whole {
        seen,
        history,
        actions,
    }))
}

/// A weighing of this visit was begun: its draft is kept under `weigh:` and the appointment's or order's id.
fn has_draft(db: &Db, ids: &[Uuid]) -> Result<bool> {
    for id in ids {
        if drafts::get(db, &format!("weigh:{id}"))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
