//! The sync centre: how sync stands, what waits, what was refused and what can be done about it.

use super::{Engine, lease, lists::staff_names, lock};
use crate::{
    clock::Contact,
    error::{Error, Result},
    store::{
        Commit, Db, appointment_list, at_once, base, blobs, journal, lives, meta, mutations,
        mutations::Stored, order_list, people,
    },
    view::sync::{ChipState, MutationEntry, SyncStatus},
    visits,
};
use chrono::DateTime;
use huishou_domain::{
    ids::{OrderId, StaffId, order_no},
    sync::message::{Mutation, Outcome},
    time::wire,
};
use serde_json::Value;
use std::{collections::HashMap, sync::atomic::Ordering};
use uuid::Uuid;

/// Answered commands shown.
const ANSWERED_SHOWN: u32 = 200;

impl Engine {
    /// How sync stands.
    ///
    /// # Errors
    /// Of the store.
    pub fn sync_status(&self) -> Result<SyncStatus> {
        let practice = self.is_practice();
        let settings = self.settings_get()?;
        let status = |db: &Db| {
            let (pending, refused) = mutations::counts(db)?;
            let contact: Option<Contact> = meta::get(db, meta::Key::Contact)?;
            let last_check: Option<i64> = meta::get(db, meta::Key::LastCheck)?;
            let mut status = SyncStatus {
                chip: ChipState::Practice,
                running: self.inner.running.load(Ordering::SeqCst),
                pending,
                pictures: blobs::count_waiting(db)?,
                refused,
                last_contact: contact.map(|c| wire(c.server)),
                offline_since: meta::get(db, meta::Key::OfflineSince)?,
                last_error: match lock(&self.inner.trouble).clone() {
                    None => meta::get(db, meta::Key::LastError)?,
                    trouble => trouble,
                },
                download: meta::get(db, meta::Key::Download)?,
                offline_switch: settings.offline,
                clock_offset_ms: contact.map(|c| c.offset_ms()),
                rows: base::count(db)?,
                repaired_scopes: meta::get(db, meta::Key::Repaired)?.unwrap_or(0),
                last_check: last_check.map(at),
                lease_ends: lease::ends(db)?.filter(|_| !practice).map(wire),
            };
            if practice {
                status.pending = 0;
                status.pictures = 0;
            } else {
                status.chip = chip(&status);
            }
            Ok(status)
        };
        self.read(|db| at_once(db, status))
    }

    /// What waits and what was refused, then the newest answered ones.
    ///
    /// # Errors
    /// Of the store.
    pub fn mutations(&self) -> Result<Vec<MutationEntry>> {
        self.read(|db| entries(db, mutations::for_people(db, ANSWERED_SHOWN)?))
    }

    /// What has no verdict yet, oldest first.
    ///
    /// # Errors
    /// Of the store.
    pub fn pending(&self) -> Result<Vec<MutationEntry>> {
        self.read(|db| entries(db, mutations::unanswered(db)?))
    }

    /// Verdicts, oldest first.
    ///
    /// # Errors
    /// Of the store.
    pub fn journal(&self) -> Result<Vec<journal::Entry>> {
        self.read(|db| journal::newest(db, 10_000))
    }

    /// A refused command has been dealt with in another way.
    ///
    /// # Errors
    /// `not_found`, `not_refused` for one that waits or took effect.
    pub fn mutation_discard(&self, uid: Uuid) -> Result<()> {
        let shared = self.shared();
        lock(&shared.store).write(Commit::Other, |db| {
            let stored = refused(db, uid)?;
            settle(db, &stored)
        })?;
        self.changed(&["mutation", "appointment", "order"]);
        Ok(())
    }
}

/// A refused command that is still open.
pub fn refused(db: &Db, uid: Uuid) -> Result<Stored> {
    let stored = mutations::by_uid(db, uid)?.ok_or_else(|| Error::not_found("uid"))?;
    if stored.open {
        Ok(stored)
    } else {
        Err(Error::code("not_refused"))
    }
}

/// Closes a refused command and lets go of what only it held.
pub fn settle(db: &Db, stored: &Stored) -> Result<()> {
    mutations::close(db, stored.id)?;
    stored
        .visit
        .map_or(Ok(()), |visit| visits::release(db, visit))
}

fn chip(status: &SyncStatus) -> ChipState {
    let needs_people = |code: &str| {
        matches!(
            code,
            "sign_in_required"
                | "device_revoked"
                | "device_wiped"
                | "store_corrupt"
                | "disk_full"
                | "disk_read_only"
                | "upgrade_required"
                | "lease_over"
                | "outbox_incomplete"
                | "stale_incarnation"
        )
    };
    let attention = status.refused > 0 || status.last_error.as_deref().is_some_and(needs_people);
    if attention {
        ChipState::Attention
    } else if status.offline_switch || status.last_error.is_some() || status.last_contact.is_none()
    {
        ChipState::Offline
    } else if status.pending > 0 || status.pictures > 0 {
        ChipState::Pending
    } else {
        ChipState::Synced
    }
}

fn entries(db: &Db, stored: Vec<Stored>) -> Result<Vec<MutationEntry>> {
    let names = staff_names(db)?;
    stored
        .into_iter()
        .map(|stored| entry(db, &names, stored))
        .collect()
}

fn entry(db: &Db, names: &HashMap<StaffId, String>, stored: Stored) -> Result<MutationEntry> {
    let mutation: Mutation = serde_json::from_str(&stored.bytes)?;
    let verdict = match stored.outcome {
        Some(_) => journal::of(db, stored.uid)?,
        None => None,
    };
    let reviewed = verdict
        .as_ref()
        .and_then(|v| v.review)
        .map(|r| r.as_str().to_owned());
    Ok(MutationEntry {
        id: stored.id,
        uid: stored.uid,
        name: stored.name,
        at: at(stored.made_at),
        actor: actor(db, names, stored.actor)?,
        subject: stored
            .visit
            .map(|visit| subject(db, visit, &mutation))
            .transpose()?
            .unwrap_or_default(),
        appointment_id: stored.appointment_id.map(|id| id.to_string()),
        order_id: stored.visit.map(|id| id.to_string()),
        outcome: stored.outcome,
        code: match stored.outcome {
            None => why_it_waits(db, stored.uid, stored.visit)?,
            Some(Outcome::Conflict) => Some(
                verdict
                    .as_ref()
                    .and_then(|v| v.code.clone())
                    .unwrap_or_else(|| "conflict".into()),
            ),
            _ => verdict.as_ref().and_then(|v| v.code.clone()).or(reviewed),
        },
        field: verdict.as_ref().and_then(|v| v.field.clone()),
        open: stored.open,
        args: mutation.args,
        current: verdict.and_then(|v| v.current),
    })
}

/// What there is to say of a command that waits: nothing shows it but the sync centre, because its visit is not here,
/// or the server was set back and is told again.
fn why_it_waits(db: &Db, uid: Uuid, visit: Option<Uuid>) -> Result<Option<String>> {
    if let Some(visit) = visit
        && visits::load(db, visit)?.is_none()
    {
        return Ok(Some("visit_unknown".into()));
    }
    Ok(lives::is_told_again(db, uid)?.then(|| "told_again".into()))
}

fn actor(db: &Db, names: &HashMap<StaffId, String>, id: StaffId) -> Result<String> {
    if let Some(name) = names.get(&id) {
        return Ok(name.clone());
    }
    Ok(people::get(db, id)?
        .map(|known| known.person.name)
        .unwrap_or_default())
}

/// The customer's name, or the order's number.
fn subject(db: &Db, visit: Uuid, mutation: &Mutation) -> Result<String> {
    if let Some(row) = appointment_list::of_visit(db, visit)? {
        return Ok(row.name);
    }
    // A booking that was refused is shown nowhere else.
    if let Some(Value::String(name)) = mutation.args.pointer("/contact/name") {
        return Ok(name.trim().to_owned());
    }
    let listed = order_list::names(db, visit)?;
    Ok(listed.map_or_else(|| order_no(OrderId(visit)), |(number, _)| number))
}

fn at(millis: i64) -> String {
    wire(DateTime::from_timestamp_millis(millis).unwrap_or_default())
}
