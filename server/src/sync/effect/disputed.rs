//! Facts that cannot be attached to anything, or cannot be true as told: kept as disputed records, to the letter, for an
//! administrator to look at. Intents of that kind are refused.

use super::{Deed, Effect};
use crate::{
    problem::Problem,
    store::{
        StoreError,
        disputed::{NewDispute, Reason},
    },
    sync::ports::Effecting,
};
use huishou_domain::{
    command::{Command, DecodeError, check},
    quote::bounds,
    review::ReviewCode,
};

/// Longest name of an argument in a verdict, in characters.
const MOST_FIELD: usize = 200;

/// A command that nobody can read: a fact is kept as a disputed record, anything else is refused.
///
/// # Errors
/// Of the database.
pub async fn undecodable(
    tx: &mut impl Effecting,
    deed: &Deed<'_>,
    error: &DecodeError,
) -> Result<Effect, Problem> {
    match error {
        DecodeError::BadArgs { name, .. } if Command::is_fact_name(name) == Some(true) => {
            dispute(tx, deed, Reason::Malformed, &error.to_string()).await
        }
        DecodeError::BadArgs { field, .. } => Ok(Effect::Rejected {
            code: "undecodable".to_owned(),
            field: field
                .as_ref()
                .map(|field| field.chars().take(MOST_FIELD).collect()),
        }),
        DecodeError::UnknownName(_) => Ok(Effect::rejected("undecodable")),
    }
}

/// What the types allow and the trade does not.
pub(super) fn absurd(command: &Command) -> Option<&'static str> {
    if check::goods(command).iter().any(bounds::is_too_long) {
        return Some("goods described at too great a length");
    }
    match command {
        Command::Ticket(args) if args.seller.as_ref().is_some_and(|s| s.fault().is_some()) => {
            Some("no such seller: a name of at most 50 characters and a mobile number")
        }
        Command::Pay(args) if args.amount.fen() <= 0 => Some("a payment is above zero"),
        Command::Refund(args) if args.amount.fen() <= 0 => Some("a refund is above zero"),
        Command::Weigh(args) if args.due.is_negative() || args.total.is_negative() => {
            Some("nothing is due below zero")
        }
        Command::Ticket(args) if args.quote.due.is_negative() || args.quote.total.is_negative() => {
            Some("nothing is due below zero")
        }
        _ => None,
    }
}

/// Values that the tables cannot hold, or an id that is another record's: a fact is disputed, an intent refused.
pub(super) async fn misfit(
    tx: &mut impl Effecting,
    deed: &Deed<'_>,
    command: &Command,
    problem: Problem,
) -> Result<Effect, Problem> {
    let (reason, code) = match problem.cause.as_deref() {
        Some(StoreError::Duplicate(_)) => (Reason::IdTaken, "id_taken"),
        Some(StoreError::OutOfRange(_)) => (Reason::Malformed, "out_of_range"),
        _ => return Err(problem),
    };
    let detail = problem
        .cause
        .as_deref()
        .map(ToString::to_string)
        .unwrap_or_default();
    tx.rollback_to("effect").await?;
    if command.is_fact() {
        return dispute(tx, deed, reason, &detail).await;
    }
    Ok(Effect::rejected(code))
}

/// Keeps a fact as a disputed record.
///
/// # Errors
/// Of the database.
pub(super) async fn dispute(
    tx: &mut impl Effecting,
    deed: &Deed<'_>,
    reason: Reason,
    detail: &str,
) -> Result<Effect, Problem> {
    let record = NewDispute {
        id: tx.new_id(),
        device: deed.device,
        actor: deed.actor.id,
        mutation: deed.mutation.id,
        name: &deed.mutation.name,
        reason,
        detail,
        raw: deed.raw,
        at: deed.at,
    };
    tx.dispute(&record).await?;
    Ok(Effect::Applied {
        version: None,
        reviews: vec![ReviewCode::Disputed],
    })
}
