//! Rules of the end, when all is quiet: everything pending is done, all copies agree with the server, and the books agree
//! with what passed through people's hands.

use super::{Holds, commits, copies, leaving, must};
use crate::{
    device::Device,
    ledger::{
        SimLedger,
        pictures::is_kept,
        replica,
        rows::{self, Key, Row, Tables},
    },
    world::story::{Deed, Evidence, Story},
};
use huishou_client::{
    store::{blobs, mutations, overlay, staging},
    sync::incarnation,
};
use huishou_domain::sync::{message::Outcome, scope::Scope};
use std::{collections::BTreeSet, sync::atomic::Ordering};
use uuid::Uuid;

const DONE: &str = "everything pending is done in bounded time";
const AGREE: &str = "when all is quiet all replicas agree";
const PICTURES: &str = "a picture that is up is with the server";
const MONEY: &str = "ledgers add up";

/// Whether nothing is left to be done: every device has heard of everything, and everything has its number.
#[must_use]
pub fn is_quiet(ledger: &SimLedger, devices: &[Device]) -> bool {
    let tables = ledger.tables();
    !waits_for_number(&tables)
        && devices.iter().all(|d| is_wiped(d) || is_done(d))
        && devices.iter().all(|d| ends(d, &tables).is_ok())
}

fn is_wiped(device: &Device) -> bool {
    device.wiped.load(Ordering::Relaxed)
}

/// How a device has to end.
fn ends(device: &Device, tables: &Tables) -> Holds {
    leaving::gone(device, tables, is_wiped(device))?;
    if is_wiped(device) {
        return Ok(());
    }
    agrees(device, tables)?;
    pictures(device, tables)
}

/// Nothing is pending on a device, it has compared everything with the server, and it does not have to tell everything
/// anew under other numbers; a cheap look.
fn is_done(device: &Device) -> bool {
    if device.checks.load(Ordering::Relaxed) {
        return false;
    }
    let counts = device.read(mutations::counts);
    let pictures = device.read(blobs::count_waiting);
    let doubt = device.read(incarnation::is_in_doubt);
    matches!(
        (counts, pictures, doubt),
        (Some(Ok((0, _))), Some(Ok(0)), Some(Ok(false)))
    )
}

fn waits_for_number(tables: &Tables) -> bool {
    tables
        .range(Key::Outbox(i64::MIN)..=Key::Outbox(i64::MAX))
        .next()
        .is_some()
}

/// Checks the end.
///
/// # Errors
/// The rule that is broken.
pub fn check(ledger: &SimLedger, devices: &[Device], story: &Story) -> Holds {
    let tables = ledger.tables();
    must(!waits_for_number(&tables), DONE, || {
        "rows wait in the outbox for their numbers".to_owned()
    })?;
    for device in devices {
        ends(device, &tables)?;
    }
    bounded(&tables)?;
    money(ledger, &tables, devices, story)
}

/// Every picture a device has is with the server, whole.
fn pictures(device: &Device, tables: &Tables) -> Holds {
    let Some(Ok(kept)) = device.read(blobs::all) else {
        return must(false, AGREE, || "pictures cannot be read".to_owned());
    };
    for picture in kept {
        let name = &picture.name;
        must(picture.uploaded_at.is_some(), DONE, || {
            format!("picture {name} of n{} is not up", device.node.0)
        })?;
        must(is_kept(tables, name), PICTURES, || {
            format!("{name} of n{} is not there", device.node.0)
        })?;
    }
    Ok(())
}

/// The device has nothing pending and holds what the server holds for it.
fn agrees(device: &Device, tables: &Tables) -> Holds {
    let scopes: Vec<Scope> = replica::granted(tables, device.staff);
    let expected = replica::replica_of(tables, &scopes);
    let looked = device.read(|db| {
        let pending = mutations::unanswered(db)?;
        let mut holds = must(pending.is_empty(), DONE, || {
            format!(
                "{} commands of n{} have no verdict",
                pending.len(),
                device.node.0
            )
        });
        let staged = usize::from(staging::last(db)?.is_some());
        holds = holds.and(must(staged == 0, DONE, || {
            format!("{staged} pages of n{} are staged", device.node.0)
        }));
        let overlaid = overlay::visits(db)?;
        holds = holds.and(must(overlaid.is_empty(), DONE, || {
            format!("n{} still overlays {overlaid:?}", device.node.0)
        }));
        Ok(holds.and(copies::same(db, &expected, &scopes)?))
    });
    match looked {
        Some(Ok(holds)) => holds.map_err(|mut broken| {
            if broken.rule != DONE {
                broken.rule = AGREE;
                broken.what = format!("n{}: {}", device.node.0, broken.what);
            }
            broken
        }),
        Some(Err(error)) => must(false, AGREE, || error.to_string()),
        None => must(false, DONE, || format!("n{} is off", device.node.0)),
    }
}

/// The log reaches no further than the head says, and nothing lies below its floor.
fn bounded(tables: &Tables) -> Holds {
    let Some(Row::Head(head)) = tables.get(&Key::Head) else {
        return must(false, AGREE, || "no head".to_owned());
    };
    let outside = tables
        .range(Key::Log(i64::MIN)..=Key::Log(i64::MAX))
        .filter_map(|(key, _)| match key {
            Key::Log(seq) => Some(*seq),
            _ => None,
        })
        .find(|seq| *seq <= head.floor || *seq > head.seq);
    must(outside.is_none(), AGREE, || {
        format!(
            "the log holds {outside:?}, outside of {} to {}",
            head.floor, head.seq
        )
    })
}

/// Every fact has its verdict, stands exactly once or as a disputed record, and every fen that changed hands is in the
/// books, and no other.
fn money(ledger: &SimLedger, tables: &Tables, devices: &[Device], story: &Story) -> Holds {
    let (mut handed, mut known) = (0_i128, BTreeSet::new());
    for deed in story.all() {
        let row = verdict_of(tables, deed.uid);
        let Some(row) = row else {
            let gone = deed.lost || is_refused(devices, &deed) || went(ledger, devices, &deed);
            must(gone, MONEY, || {
                format!("{} {} never arrived", deed.name, deed.uid)
            })?;
            continue;
        };
        if row.verdict.outcome != Outcome::Applied {
            continue;
        }
        let times = commits::found(&deed, tables);
        let disputed = times == 0 && is_disputed(tables, deed.uid);
        must(times == 1 || disputed, MONEY, || {
            format!(
                "{} {} was applied and stands {times} times",
                deed.name, deed.uid
            )
        })?;
        if disputed {
            continue;
        }
        match deed.evidence {
            Evidence::Payment(id, fen) if known.insert(id) => handed += i128::from(fen),
            Evidence::Refund(id, fen) if known.insert(id) => handed -= i128::from(fen),
            _ => {}
        }
    }
    let booked: i128 = rows::orders(tables).map(|o| o.body.paid_fen()).sum();
    must(handed == booked, MONEY, || {
        format!("{handed} fen changed hands, {booked} are in the books")
    })
}

/// Whether a deed went into quarantine with a device that left, or was forgotten by a fail-over when that could not tell
/// it again.
fn went(ledger: &SimLedger, devices: &[Device], deed: &Deed) -> bool {
    let tables = ledger.tables();
    let of = devices.iter().find(|device| device.id == deed.device);
    of.is_some_and(is_wiped)
        && (leaving::is_quarantined(&tables, deed.device.0, deed.uid)
            || leaving::is_forgotten(ledger, deed))
}

/// Whether the device was told no: a server that has forgotten it since need not be told again.
fn is_refused(devices: &[Device], deed: &Deed) -> bool {
    let device = devices.iter().find(|d| d.id == deed.device);
    let stored = device.and_then(|d| d.read(|db| mutations::by_uid(db, deed.uid)));
    let Some(Ok(Some(stored))) = stored else {
        return false;
    };
    !deed.fact
        && stored
            .outcome
            .is_some_and(|outcome| outcome != Outcome::Applied)
}

fn verdict_of(tables: &Tables, uid: Uuid) -> Option<&rows::Processed> {
    let Some(Row::Leads(device, life, id)) = tables.get(&Key::Uid(uid)) else {
        return None;
    };
    match tables.get(&Key::Mutation(*device, *life, *id)) {
        Some(Row::Mutation(row)) => Some(row),
        _ => None,
    }
}

fn is_disputed(tables: &Tables, uid: Uuid) -> bool {
    let text = uid.to_string();
    tables
        .range(Key::Dispute(Uuid::nil())..=Key::Dispute(Uuid::max()))
        .any(|(_, row)| matches!(row, Row::Dispute(d) if d.raw.contains(&text)))
}
