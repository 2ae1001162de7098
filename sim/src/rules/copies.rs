//! Rules of a device's store: after a complete pull it equals the snapshot that the page showed, it shows its own
//! writes, and what was confirmed to the person is there.

use super::{Broken, Holds, must};
use crate::{
    device::Device,
    ledger::replica,
    network::{Network, Shown},
    world::story::{Deed, Evidence, Story},
};
use huishou_client::{
    error::Error,
    store::{Db, base, meta, mutations, overlay},
    visits,
};
use huishou_domain::{
    order::Order,
    sync::{
        check::Check,
        message::Outcome,
        scope::{Kind, Scope},
    },
};
use huishou_server::store::replica::Held;
use std::{collections::BTreeMap, sync::atomic::Ordering};
use uuid::Uuid;

const EQUAL: &str = "client state = scoped snapshot at `complete`";
const OWN: &str = "a device reads its own writes";
const KEPT: &str = "what was confirmed to a person is not lost";
const REPAIR: &str = "no copy ever has to be repaired";

/// Where a device's copy was when it was last looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its cursor.
    pub cursor: Option<String>,
    /// Changes made to the store since it was opened.
    pub changes: u64,
    /// It is that of a device that was wiped.
    pub wiped: bool,
}

fn broken(error: Error) -> Broken {
    Broken {
        rule: "a store can be read",
        what: error.to_string(),
    }
}

/// Checks a device's store if anything has changed in it.
///
/// # Errors
/// The rule that is broken.
pub fn check(device: &Device, network: &Network, story: &Story, seen: &mut Seen) -> Holds {
    if device.disk.is_off() {
        // What can still be read counts for nothing; that is looked at when the power is back.
        return Ok(());
    }
    let mut hidden = Vec::new();
    let looked = device.read(|db| {
        let changes = db.total_changes();
        let anew = device.anew.swap(false, Ordering::Relaxed);
        if changes == seen.changes && !anew {
            return Ok(Ok(()));
        }
        seen.changes = changes;
        let device_is_known: Option<serde_json::Value> = meta::get(db, meta::Key::Device)?;
        seen.wiped = device_is_known.is_none();
        if seen.wiped {
            return Ok(Ok(()));
        }
        let cursor: Option<String> = meta::get(db, meta::Key::Cursor)?;
        let mut held = Ok(());
        if cursor != seen.cursor {
            seen.cursor.clone_from(&cursor);
            if let Some(shown) = cursor.and_then(|c| network.shown(&c)) {
                held = equal(db, &shown)?;
            }
        }
        Ok(held.and(own_writes(db, device, story, &mut hidden)?))
    });
    match looked {
        None => Ok(()),
        Some(Ok(Ok(()))) if !hidden.is_empty() => explained(device, &hidden),
        // Without power nothing can be read; that is looked at when it is back.
        Some(Err(_)) if device.disk.is_off() => Ok(()),
        Some(Err(error)) => Err(broken(error)),
        Some(Ok(holds)) => holds,
    }
}

type Inner<T> = std::result::Result<T, Error>;

fn equal(db: &Db, shown: &Shown) -> Inner<Holds> {
    let scopes: Vec<Scope> = shown.answer.scopes.clone().unwrap_or_default();
    let granted = replica::granted(&shown.tables, shown.staff);
    if let Err(broken) = must(granted == scopes, EQUAL, || {
        format!("scopes {scopes:?} were shown, {granted:?} are granted")
    }) {
        return Ok(Err(broken));
    }
    let repaired: u32 = meta::get(db, meta::Key::Repaired)?.unwrap_or(0);
    if let Err(broken) = must(repaired == 0, REPAIR, || {
        format!("{repaired} scopes were fetched again")
    }) {
        return Ok(Err(broken));
    }
    same(db, &replica::replica_of(&shown.tables, &scopes), &scopes)
}

/// The store holds exactly these aggregates, in exactly these scopes.
///
/// # Errors
/// Of the store.
pub fn same(db: &Db, expected: &BTreeMap<(Kind, Uuid), Held>, scopes: &[Scope]) -> Inner<Holds> {
    for kind in Kind::ALL {
        let here = base::versions(db, *kind)?;
        let there: Vec<(Uuid, i64)> = expected
            .range((*kind, Uuid::nil())..=(*kind, Uuid::max()))
            .map(|((_, id), held)| (*id, held.version))
            .collect();
        if let Err(broken) = must(here == there, EQUAL, || difference(*kind, &here, &there)) {
            return Ok(Err(broken));
        }
    }
    for ((kind, id), held) in expected {
        let row = base::get(db, *kind, *id)?;
        let text = row.as_ref().map(|row| row.body.as_str());
        if let Err(broken) = must(text == Some(held.body.text()), EQUAL, || {
            format!(
                "{} {id} of version {} differs in content",
                kind.as_str(),
                held.version
            )
        }) {
            return Ok(Err(broken));
        }
    }
    for scope in scopes {
        let mut sum = Check::default();
        for ((kind, id), held) in expected {
            if held.scopes.contains(scope) {
                sum.add(*kind, *id, held.version);
            }
        }
        let ours = base::check(db, scope)?;
        if let Err(broken) = must(ours == sum, EQUAL, || {
            format!(
                "{scope} holds {} rows here, {} there",
                ours.count, sum.count
            )
        }) {
            return Ok(Err(broken));
        }
    }
    Ok(Ok(()))
}

fn difference(kind: Kind, here: &[(Uuid, i64)], there: &[(Uuid, i64)]) -> String {
    let extra: Vec<_> = here.iter().filter(|row| !there.contains(row)).collect();
    let missing: Vec<_> = there.iter().filter(|row| !here.contains(row)).collect();
    format!(
        "{}: here and not there {extra:?}, there and not here {missing:?}",
        kind.as_str()
    )
}

/// Something that was done and that no screen but the sync centre can show.
struct Hidden {
    uid: Uuid,
    name: String,
    /// Its visit is shown, without it.
    bare: bool,
}

/// What no visit shows is in the sync centre, with the reason: it waits for a server that does not know the visit, or
/// is with the administrators as a disputed record.
fn explained(device: &Device, hidden: &[Hidden]) -> Holds {
    let Some(Ok(entries)) = device.engine().map(|engine| engine.mutations()) else {
        return Ok(());
    };
    for lost in hidden {
        let entry = entries.iter().find(|entry| entry.uid == lost.uid);
        let code = entry.and_then(|entry| entry.code.as_deref());
        let answered = entry.is_some_and(|entry| entry.outcome.is_some());
        let told = match code {
            Some("disputed") => true,
            Some("visit_unknown") => !lost.bare,
            _ => answered && !lost.bare,
        };
        must(told, OWN, || {
            format!(
                "{} {} is shown nowhere, and the sync centre says {code:?}",
                lost.name, lost.uid
            )
        })?;
    }
    Ok(())
}

fn own_writes(db: &Db, device: &Device, story: &Story, hidden: &mut Vec<Hidden>) -> Inner<Holds> {
    let older: bool = meta::get(db, meta::Key::OlderCopy)?.unwrap_or(false);
    for deed in story.of_device(device.id) {
        if deed.lost {
            continue;
        }
        let Some(stored) = mutations::by_uid(db, deed.uid)? else {
            // A week after it was applied and contained it may go; runs are shorter than that unless clocks jump.
            if let Err(broken) = must(older, KEPT, || {
                format!("{} is gone from the outbox", deed.name)
            }) {
                return Ok(Err(broken));
            }
            continue;
        };
        if matches!(stored.outcome, Some(Outcome::Rejected | Outcome::Conflict)) {
            continue;
        }
        let bare = match shows(db, &deed, stored.retired)? {
            Showing::Shows => continue,
            Showing::NoVisit => false,
            Showing::Bare => true,
        };
        let disputable = stored.outcome == Some(Outcome::Applied) && story.is_forgetful();
        if let Err(broken) = must(!bare || disputable, OWN, || {
            format!(
                "{} #{} of order {:?} does not show ({})",
                deed.name,
                stored.id,
                deed.order,
                if stored.retired {
                    "retired"
                } else {
                    "not retired"
                }
            )
        }) {
            return Ok(Err(broken));
        }
        hidden.push(Hidden {
            uid: deed.uid,
            name: deed.name,
            bare,
        });
    }
    Ok(Ok(()))
}

/// Where what a deed did can be seen.
enum Showing {
    /// In its visit, or it need not be seen any more.
    Shows,
    /// Its visit is not on this device.
    NoVisit,
    /// Its visit is, without it.
    Bare,
}

/// Whether what a deed did shows on this device, as far as it must.
fn shows(db: &Db, deed: &Deed, retired: bool) -> Inner<Showing> {
    let Some(order) = deed.order else {
        return Ok(Showing::Shows);
    };
    if deed.evidence == Evidence::Passing {
        return Ok(Showing::Shows);
    }
    let row = base::get(db, Kind::Order, order)?;
    // What left the device's scopes need not show any more, unless it is still its own business.
    if retired && row.as_ref().is_none_or(|row| row.dropped) {
        return Ok(Showing::Shows);
    }
    let Some(body) = overlay::effective_one(db, Kind::Order, order)? else {
        // Of a visit whose order has not come the overlay may be all there is.
        return Ok(match visits::load(db, order)? {
            Some(_) => Showing::Shows,
            // What begins with a command is made of it: there is always something to show.
            None if matches!(deed.evidence, Evidence::Ticket | Evidence::Booking(_)) => {
                Showing::Bare
            }
            None => Showing::NoVisit,
        });
    };
    let order: Order = serde_json::from_str(&body)?;
    let shows = match &deed.evidence {
        Evidence::Payment(id, _) => order.payments.iter().any(|p| p.payment_id.0 == *id),
        Evidence::Refund(id, _) => order.refunds.iter().any(|r| r.refund_id.0 == *id),
        Evidence::Quote(id) => order.quotes.iter().any(|q| q.quote.id.0 == *id),
        Evidence::Ticket | Evidence::Booking(_) | Evidence::Passing => true,
    };
    Ok(if shows { Showing::Shows } else { Showing::Bare })
}
