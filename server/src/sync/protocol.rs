//! The protocol for one mutation of a push (sync.md 16, 17): its number, its verdict, what is remembered of it.

use super::{
    arrival::Arrived,
    effect::{self, Deed, Effect},
    ports::Pushing,
    pull::Caller,
};
use crate::{
    problem::Problem,
    store::{devices::Progress, mutations::Processed},
};
use chrono::{DateTime, Utc};
use huishou_domain::sync::message::{Outcome, Verdict};
use uuid::Uuid;

/// What happened to one mutation.
pub(super) enum Step {
    /// It has its verdict.
    Done {
        /// The verdict.
        verdict: Box<Verdict>,
        /// The highest mutation processed.
        last: i64,
    },
    /// A number is missing before it.
    Gap {
        /// The missing one.
        expected: i64,
    },
}

/// The device's store is an older copy of itself: it has to begin an incarnation above the newest.
fn stale(progress: Progress) -> Problem {
    Problem::new(409, "stale_incarnation").with("incarnation", &progress.incarnation)
}

/// What is the same for all mutations of a push.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    /// Who pushes.
    pub caller: Caller,
    /// The life of the device's store that the numbers belong to.
    pub incarnation: i64,
    /// The highest verdict it has stored.
    pub confirmed: i64,
}

/// The protocol for one mutation, under the lock of the device's row.
///
/// # Errors
/// `stale_incarnation`, `unknown_mutation`, or the database's.
pub(super) async fn one(
    tx: &mut impl Pushing,
    frame: Frame,
    arrived: &Arrived,
    at: DateTime<Utc>,
    failed: bool,
) -> Result<Step, Problem> {
    let device = frame.caller.device;
    let mut progress = tx.lock_progress(device).await?;
    if frame.incarnation < progress.incarnation {
        return Err(stale(progress));
    }
    if frame.incarnation > progress.incarnation {
        progress = Progress {
            incarnation: frame.incarnation,
            last_mutation: 0,
            confirmed: 0,
        };
    }
    if arrived.id > progress.last_mutation + 1 {
        return Ok(Step::Gap {
            expected: progress.last_mutation + 1,
        });
    }
    if arrived.id <= progress.last_mutation {
        let stored = tx.verdict(device, progress.incarnation, arrived.id).await?;
        let (uid, verdict) =
            stored.ok_or_else(|| Problem::field(&arrived.id_field(), "unknown_mutation"))?;
        // The number was given to something else: an older copy of the store came back and counts once more. Its
        // mutation must not be taken for the one that was answered.
        if matches!((uid, &arrived.read), (Some(known), Some(told)) if known != told.uid) {
            return Err(stale(progress));
        }
        return Ok(Step::Done {
            verdict: Box::new(verdict),
            last: progress.last_mutation,
        });
    }
    let decided = if failed {
        refused(arrived, "internal")
    } else {
        decide(tx, frame, arrived, at).await?
    };
    remember(tx, frame, arrived, &decided, at).await?;
    progress.last_mutation = arrived.id;
    progress.confirmed = progress.confirmed.max(frame.confirmed.min(arrived.id));
    tx.advance(device, progress).await?;
    Ok(Step::Done {
        verdict: Box::new(decided.verdict),
        last: arrived.id,
    })
}

/// A verdict, and what else is kept of the mutation.
struct Decided {
    verdict: Verdict,
    /// The unique id is new: it is remembered with this row.
    uid: Option<Uuid>,
    keep_raw: bool,
}

async fn remember(
    tx: &mut impl Pushing,
    frame: Frame,
    arrived: &Arrived,
    decided: &Decided,
    at: DateTime<Utc>,
) -> Result<(), Problem> {
    let name = arrived.name();
    let row = Processed {
        device: frame.caller.device,
        incarnation: frame.incarnation,
        uid: decided.uid,
        name: &name,
        actor: arrived.read.as_ref().map(|m| m.actor),
        verdict: &decided.verdict,
        raw: decided.keep_raw.then_some(arrived.raw.as_str()),
        client_time: arrived
            .read
            .as_ref()
            .map(|m| m.client_time)
            .filter(|t| is_storable(*t)),
        at,
    };
    Ok(tx.remember(&row).await?)
}

/// MySQL's DATETIME begins with the year 1000 and ends with 9999.
fn is_storable(at: DateTime<Utc>) -> bool {
    use chrono::Datelike;
    (1000..=9999).contains(&at.year())
}

/// What becomes of a mutation.
async fn decide(
    tx: &mut impl Pushing,
    frame: Frame,
    arrived: &Arrived,
    at: DateTime<Utc>,
) -> Result<Decided, Problem> {
    if let Some(uid) = arrived.uid()
        && let Some((from, known)) = tx.verdict_of_uid(uid).await?
    {
        let current = known
            .current
            .clone()
            .filter(|_| from == frame.caller.device);
        return Ok(Decided {
            verdict: Verdict {
                id: arrived.id,
                current,
                ..known
            },
            uid: None,
            keep_raw: false,
        });
    }
    let (Some(mutation), Some(command)) = (&arrived.read, &arrived.command) else {
        let decided = refused(
            arrived,
            if arrived.fits {
                "undecodable"
            } else {
                "too_large"
            },
        );
        return Ok(Decided {
            uid: arrived.uid(),
            ..decided
        });
    };
    let actor = match tx.had_session(frame.caller.device, mutation.actor).await? {
        true => tx.person(mutation.actor).await?,
        false => None,
    };
    let Some(actor) = actor else {
        return Ok(Decided {
            uid: Some(mutation.uid),
            ..refused(arrived, "actor_unknown")
        });
    };
    let same_history = match mutation.epoch {
        Some(epoch) if mutation.expect_version.is_some() => epoch == tx.epoch().await?,
        _ => true,
    };
    let deed = Deed {
        same_history,
        device: frame.caller.device,
        actor: actor.actor(),
        active: actor.staff.active,
        mutation,
        raw: &arrived.raw,
        book: arrived.prepared.book.as_deref(),
        depot: arrived.prepared.depot.as_ref(),
        route: arrived.prepared.route,
        at,
    };
    let effect = match command {
        Ok(command) => effect::apply(tx, &deed, command).await?,
        Err(error) => effect::undecodable(tx, &deed, error).await?,
    };
    let keep_raw = matches!(&effect, Effect::Rejected { code, .. } if code == "undecodable");
    Ok(Decided {
        verdict: verdict(arrived.id, effect),
        uid: Some(mutation.uid),
        keep_raw,
    })
}

fn verdict(id: i64, effect: Effect) -> Verdict {
    let blank = Verdict {
        id,
        outcome: Outcome::Applied,
        version: None,
        review: None,
        reviews: Vec::new(),
        code: None,
        field: None,
        current: None,
    };
    match effect {
        Effect::Applied { version, reviews } => {
            let review = reviews.first().copied();
            Verdict {
                version,
                review,
                reviews: if reviews.len() > 1 {
                    reviews
                } else {
                    Vec::new()
                },
                ..blank
            }
        }
        Effect::Rejected { code, field } => Verdict {
            outcome: Outcome::Rejected,
            code: Some(code),
            field,
            ..blank
        },
        Effect::Conflict { current } => Verdict {
            outcome: Outcome::Conflict,
            code: Some("version_conflict".to_owned()),
            current,
            ..blank
        },
    }
}

fn refused(arrived: &Arrived, code: &str) -> Decided {
    let effect = Effect::Rejected {
        code: code.to_owned(),
        field: None,
    };
    Decided {
        verdict: verdict(arrived.id, effect),
        uid: arrived.read.as_ref().map(|m| m.uid),
        keep_raw: true,
    }
}
