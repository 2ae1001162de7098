//! Rules of every commit: only legal transitions, nothing that was weighed or paid ever vanishes, ledgers add up, and a
//! verdict stands where and only where its effect does.

use super::{Holds, must};
use crate::{
    executor::Node,
    ledger::{
        Change, Commit,
        rows::{self, Key, Row, Tables},
    },
    world::story::{Deed, Evidence, Story},
};
use huishou_domain::{
    appointment::{Appointment, AppointmentStatus as A},
    order::{Order, OrderStatus as O},
    review::ReviewCode,
    sync::message::Outcome,
};
use std::collections::BTreeMap;
use uuid::Uuid;

const LEGAL: &str = "only legal transitions";
const MONEY: &str = "ledgers add up";
const ONCE: &str = "each mutation takes effect exactly once";
const FEED: &str = "every write marks its scopes";

/// Checks one commit; `tables` is what is committed with it and everything before.
///
/// # Errors
/// The rule that it breaks.
pub fn check(commit: &Commit, tables: &Tables, story: &Story) -> Holds {
    for change in &commit.changes {
        aggregate(change, is_single(commit))?;
        mutation(change, commit, tables, story)?;
    }
    progress(commit)?;
    company(commit)?;
    marked(commit)
}

/// Whether at most one command took effect in it: then each transition shows.
fn is_single(commit: &Commit) -> bool {
    let verdicts = commit
        .changes
        .iter()
        .filter(|c| matches!(c.key, Key::Mutation(..)) && c.was.is_none());
    verdicts.count() <= 1
}

fn aggregate(change: &Change, single: bool) -> Holds {
    match (&change.was, &change.is) {
        (Some(Row::Appointment(was)), Some(Row::Appointment(is))) => {
            appointment(&was.body, &is.body)
        }
        (Some(Row::Order(_, was)), Some(Row::Order(_, is))) => {
            order(&was.body, &is.body, single)?;
            balance(&is.body)
        }
        (None, Some(Row::Order(_, is))) => balance(&is.body),
        (Some(Row::Appointment(_) | Row::Order(..)), None) => {
            must(false, LEGAL, || "a visit vanished".to_owned())
        }
        _ => Ok(()),
    }
}

fn appointment(was: &Appointment, is: &Appointment) -> Holds {
    let legal = match was.status {
        A::Pending | A::Confirmed => true,
        A::InService => matches!(is.status, A::InService | A::Completed | A::Cancelled),
        A::Completed => is.status == A::Completed,
        A::Cancelled => matches!(is.status, A::Cancelled | A::InService | A::Completed),
    };
    must(legal, LEGAL, || {
        format!(
            "appointment {} went from {:?} to {:?}",
            is.id, was.status, is.status
        )
    })?;
    let mut plain = is.clone();
    plain.version = was.version;
    let grew = if plain == *was {
        is.version >= was.version
    } else {
        is.version > was.version
    };
    must(grew, LEGAL, || {
        format!("appointment {} changed and its version did not", is.id)
    })?;
    must(is.reviews.len() >= was.reviews.len(), LEGAL, || {
        format!("a review of appointment {} vanished", is.id)
    })
}

fn order(was: &Order, is: &Order, single: bool) -> Holds {
    let covered = is.paid_fen() >= i128::from(is.due.fen());
    let legal = match (was.status, is.status) {
        // A walk-in ticket is completed by its payment; with all money back it may still be voided.
        (O::Completed, O::Cancelled) => is.appointment_id.is_none() && is.paid_fen() == 0,
        // Cancelled and received in one breath: the second of two commands completed it.
        (O::Unpaid, O::Completed) => covered || !single,
        (O::Completed, _) if !single && is.appointment_id.is_none() => true,
        (O::Completed, to) => to == O::Completed,
        _ => true,
    };
    must(legal, LEGAL, || {
        format!(
            "order {} went from {:?} to {:?}",
            is.id, was.status, is.status
        )
    })?;
    must(is.version >= was.version, LEGAL, || {
        format!("order {} went back to version {}", is.id, is.version)
    })?;
    let kept = is.payments.starts_with(&was.payments)
        && is.refunds.starts_with(&was.refunds)
        && is.quotes.starts_with(&was.quotes)
        && is.acceptances.starts_with(&was.acceptances);
    must(kept, MONEY, || {
        format!(
            "something weighed, accepted or paid of order {} vanished",
            is.id
        )
    })
}

/// A payment is in the books once, and an order is paid exactly when what was paid reaches what is due.
fn balance(order: &Order) -> Holds {
    let mut seen = BTreeMap::new();
    for payment in &order.payments {
        *seen.entry(payment.payment_id.0).or_insert(0) += 1;
    }
    must(seen.values().all(|n| *n == 1), MONEY, || {
        format!("a payment stands twice in order {}", order.id)
    })?;
    let paid: i64 = order.payments.iter().map(|p| p.amount.fen()).sum();
    let back: i64 = order.refunds.iter().map(|r| r.amount.fen()).sum();
    must(
        i128::from(paid) - i128::from(back) == order.paid_fen(),
        MONEY,
        || format!("order {} does not add up", order.id),
    )?;
    let covered = order.paid_fen() >= i128::from(order.due.fen());
    // Money for a cancelled order makes it paid, however little it is (sync.md §5); that is looked at.
    let looked_at = order
        .reviews
        .iter()
        .any(|r| r.code == ReviewCode::PaidCancelled);
    match order.status {
        O::Paid if !looked_at => must(covered, MONEY, || {
            format!("order {} counts as paid and is not", order.id)
        }),
        O::Unpaid if order.weighed_at.is_some() && order.due.fen() > 0 => {
            must(!covered, MONEY, || {
                format!("order {} is paid and does not count as it", order.id)
            })
        }
        _ => Ok(()),
    }
}

/// How often what a deed left stands in its order.
#[must_use]
pub fn found(deed: &Deed, tables: &Tables) -> usize {
    let order = deed
        .order
        .and_then(|id| rows::order(tables.get(&Key::Order(id))));
    let Some((_, order)) = order else {
        return 0;
    };
    let order = &order.body;
    let count = |ids: &mut dyn Iterator<Item = Uuid>, id: Uuid| ids.filter(|i| *i == id).count();
    match &deed.evidence {
        Evidence::Payment(id, _) => count(&mut order.payments.iter().map(|p| p.payment_id.0), *id),
        Evidence::Refund(id, _) => count(&mut order.refunds.iter().map(|r| r.refund_id.0), *id),
        Evidence::Quote(id) => count(&mut order.quotes.iter().map(|q| q.quote.id.0), *id),
        Evidence::Ticket => 1,
        Evidence::Booking(id) => usize::from(tables.contains_key(&Key::Appointment(*id))),
        Evidence::Passing => 1,
    }
}

/// A verdict that says `applied` stands together with its effect.
fn mutation(change: &Change, commit: &Commit, tables: &Tables, story: &Story) -> Holds {
    let (Key::Mutation(_, _, id), None, Some(Row::Mutation(row))) =
        (&change.key, &change.was, &change.is)
    else {
        return Ok(());
    };
    let Some(deed) = row.uid.and_then(|uid| story.of(uid)) else {
        return Ok(());
    };
    let disputed = commit
        .changes
        .iter()
        .any(|c| matches!(c.key, Key::Dispute(_)));
    if row.verdict.outcome == Outcome::Applied && !disputed {
        must(found(&deed, tables) == 1, ONCE, || {
            format!(
                "{} #{id} counts as applied and stands {} times",
                deed.name,
                found(&deed, tables)
            )
        })?;
        let subject_changed = commit
            .changes
            .iter()
            .any(|c| matches!(&c.key, Key::Appointment(_) | Key::Order(_) | Key::Book(_)));
        let version = row.verdict.version;
        let is_there = version.is_none()
            || subject_changed
            || deed
                .order
                .is_some_and(|o| tables.contains_key(&Key::Order(o)));
        return must(is_there, ONCE, || {
            format!("{} #{id} was applied to nothing", deed.name)
        });
    }
    if row.verdict.outcome != Outcome::Applied {
        must(!deed.fact, ONCE, || {
            format!(
                "{} #{id} is a fact and was refused: {:?}",
                deed.name, row.verdict.code
            )
        })?;
        let evident = deed.evidence != Evidence::Passing && deed.evidence != Evidence::Ticket;
        return must(!evident || found(&deed, tables) == 0, ONCE, || {
            format!("{} #{id} was refused and took effect", deed.name)
        });
    }
    Ok(())
}

/// A device's progress moves by exactly the mutations that were processed with it.
fn progress(commit: &Commit) -> Holds {
    for change in &commit.changes {
        let (Key::Device(device), Some(Row::Device(was)), Some(Row::Device(is))) =
            (&change.key, &change.was, &change.is)
        else {
            continue;
        };
        let processed: Vec<i64> = commit
            .changes
            .iter()
            .filter_map(|c| match (&c.key, &c.was) {
                (Key::Mutation(d, life, id), None) if d == device && *life == is.incarnation => {
                    Some(*id)
                }
                _ => None,
            })
            .collect();
        let from = if was.incarnation == is.incarnation {
            was.last_mutation
        } else {
            0
        };
        let dense: Vec<i64> = (from + 1..=is.last_mutation).collect();
        must(processed == dense, ONCE, || {
            format!(
                "progress of {device} went from {from} to {} with {processed:?}",
                is.last_mutation
            )
        })?;
    }
    Ok(())
}

/// On a server nothing of a visit changes without the verdict that answers for it.
fn company(commit: &Commit) -> Holds {
    if commit.by == Node::WORLD {
        return Ok(());
    }
    let visits = commit
        .changes
        .iter()
        .any(|c| matches!(c.key, Key::Appointment(_) | Key::Order(_)));
    let verdicts = commit
        .changes
        .iter()
        .any(|c| matches!(c.key, Key::Mutation(..)) && c.was.is_none());
    let progress = commit
        .changes
        .iter()
        .any(|c| matches!(c.key, Key::Device(_)));
    must(!visits || (verdicts && progress), ONCE, || {
        "a visit changed without a verdict".to_owned()
    })
}

/// What is written is marked in each scope it was or is in, in the same commit.
fn marked(commit: &Commit) -> Holds {
    for change in &commit.changes {
        let (id, scopes) = match (&change.key, &change.was, &change.is) {
            (Key::Appointment(id) | Key::Order(id), was, is) => {
                let mut scopes = crate::ledger::replica::held_by(was.clone());
                scopes.extend(crate::ledger::replica::held_by(is.clone()));
                (*id, scopes)
            }
            _ => continue,
        };
        for scope in scopes {
            let name = scope.to_string();
            let there = commit.changes.iter().any(
                |c| matches!(&c.is, Some(Row::Outbox(p)) if p.entity_id == id && p.scope == name),
            );
            must(there, FEED, || {
                format!("{id} was written and not marked in {name}")
            })?;
        }
    }
    Ok(())
}
