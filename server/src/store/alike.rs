//! Appointments that change alike: a day's plan confirms or gives out many at once, and what becomes of them is the same
//! to the last column. Those are written in one short statement; whatever changed otherwise is a row of its own
//! ([`super::bulk`]).

use super::{StoreError, Tx, appointments::Stored, decode::unreadable, shapes::push_ids};
use chrono::{DateTime, Utc};
use huishou_domain::{
    appointment::{Appointment, AppointmentStatus},
    ids::{StaffId, StationId},
};
use sqlx::{MySql, QueryBuilder};
use std::collections::HashMap;
use uuid::Uuid;

/// An appointment as it was and as it is to be.
pub(super) type Change = (Appointment, Stored<Appointment>);

/// Everything that plans change of an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Plan {
    was_version: i64,
    version: i64,
    status: AppointmentStatus,
    assignee: Option<StaffId>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
    mark: (i64, Uuid, i64),
    scope_station: StationId,
    scope_collector: Option<StaffId>,
    scope_fact: Option<StaffId>,
}

impl Plan {
    /// None where more than that changed.
    fn of((before, after): &Change) -> Option<Self> {
        let body = &after.body;
        let planned = Appointment {
            version: body.version,
            status: body.status,
            assignee: body.assignee,
            started_at: body.started_at,
            completed_at: body.completed_at,
            updated_at: body.updated_at,
            ..before.clone()
        };
        let (mark, scopes) = (&after.mark, &after.scopes);
        (planned == *body).then_some(Self {
            was_version: before.version,
            version: body.version,
            status: body.status,
            assignee: body.assignee,
            started_at: body.started_at,
            completed_at: body.completed_at,
            updated_at: body.updated_at,
            mark: (mark.version, mark.writer, mark.foreign_version),
            scope_station: scopes.station,
            scope_collector: scopes.collector,
            scope_fact: scopes.fact,
        })
    }
}

/// Writes those that only plans change; returns the others.
pub(super) async fn update<'r>(
    tx: &mut Tx,
    rows: &'r [Change],
) -> Result<Vec<&'r Change>, StoreError> {
    let mut plans: HashMap<Plan, Vec<&Change>> = HashMap::new();
    let mut others = Vec::new();
    for row in rows {
        match Plan::of(row) {
            Some(plan) => plans.entry(plan).or_default().push(row),
            None => others.push(row),
        }
    }
    for (plan, rows) in plans {
        let mut ids: Vec<Uuid> = rows.iter().map(|(before, _)| before.id.0).collect();
        ids.sort_unstable();
        write(tx, &plan, &ids).await?;
    }
    Ok(others)
}

async fn write(tx: &mut Tx, plan: &Plan, ids: &[Uuid]) -> Result<(), StoreError> {
    let (version, writer, foreign) = plan.mark;
    let mut update = QueryBuilder::<MySql>::new("UPDATE appointments SET ");
    let mut set = update.separated(", ");
    set.push("version = ").push_bind_unseparated(plan.version);
    set.push("status = ")
        .push_bind_unseparated(plan.status.code());
    set.push("assignee = ")
        .push_bind_unseparated(plan.assignee.map(|id| id.0));
    set.push("started_at = ")
        .push_bind_unseparated(plan.started_at);
    set.push("completed_at = ")
        .push_bind_unseparated(plan.completed_at);
    set.push("updated_at = ")
        .push_bind_unseparated(plan.updated_at);
    set.push("mark_version = ").push_bind_unseparated(version);
    set.push("mark_writer = ").push_bind_unseparated(writer);
    set.push("mark_foreign = ").push_bind_unseparated(foreign);
    set.push("scope_station = ")
        .push_bind_unseparated(plan.scope_station.0);
    set.push("scope_collector = ")
        .push_bind_unseparated(plan.scope_collector.map(|id| id.0));
    set.push("scope_fact = ")
        .push_bind_unseparated(plan.scope_fact.map(|id| id.0));
    update
        .push(" WHERE version = ")
        .push_bind(plan.was_version)
        .push(" AND id IN (");
    push_ids(&mut update, ids);
    let done = update.build().execute(tx.conn()).await?;
    if done.rows_affected() != ids.len() as u64 {
        return Err(unreadable("version", "changed under its lock"));
    }
    Ok(())
}
