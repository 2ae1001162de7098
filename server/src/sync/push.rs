//! Push (sync.md §4): a device's mutations in order, each with its verdict exactly once. Effect, verdict and the
//! device's `last_mutation` commit together; only faults of the infrastructure answer 5xx.

use super::{
    arrival::Arrived,
    effect::{self, Deed, Effect},
    ports::{Host, Ledger, Pushing},
    pull::Caller,
};
use crate::{
    crash::crash_point,
    problem::Problem,
    store::{devices::Progress, mutations::Processed},
    write_tx,
};
use chrono::{DateTime, Utc};
use huishou_domain::sync::message::{
    Gap, MAX_BYTES, MAX_MUTATIONS, Outcome, PushAnswer, PushRequest, SCHEMA, Verdict,
};
use std::sync::Arc;
use uuid::Uuid;

/// What happened to one mutation.
enum Step {
    Done { verdict: Box<Verdict>, last: i64 },
    Gap { expected: i64 },
}

/// Processes a push.
///
/// # Errors
/// `upgrade_required`, `wrong_device`, `push_too_large`, `malformed_mutation`, `stale_incarnation`, or the database's.
pub async fn push<H: Host>(
    host: &H,
    caller: Caller,
    request: &PushRequest,
) -> Result<PushAnswer, Problem> {
    check(caller, request)?;
    let mut answer = PushAnswer {
        last_mutation: 0,
        verdicts: Vec::new(),
        gap: None,
        incarnation: 1,
        epoch: Uuid::nil(),
        server_time: host.now(),
    };
    let known = host.ledger().progress(caller.device).await?;
    answer.last_mutation = known.last_mutation;
    answer.incarnation = u32::try_from(known.incarnation).unwrap_or(u32::MAX);
    for (index, raw) in request.mutations.iter().enumerate() {
        let arrived = Arrived::read(host, raw.get(), index).await?;
        match process(host, caller, request, arrived).await? {
            Step::Done { verdict, last } => {
                answer.verdicts.push(*verdict);
                answer.last_mutation = last;
            }
            Step::Gap { expected } => {
                answer.gap = Some(Gap { expected });
                break;
            }
        }
    }
    crash_point("push.before_answer");
    answer.server_time = host.now();
    Ok(answer)
}

fn check(caller: Caller, request: &PushRequest) -> Result<(), Problem> {
    if request.schema != SCHEMA {
        return Err(Problem::new(426, "upgrade_required"));
    }
    if request.device.is_some_and(|device| device != caller.device) {
        return Err(Problem::new(403, "wrong_device"));
    }
    let bytes: usize = request.mutations.iter().map(|m| m.get().len()).sum();
    if request.mutations.len() > MAX_MUTATIONS || (bytes > MAX_BYTES && request.mutations.len() > 1)
    {
        return Err(Problem::new(413, "push_too_large"));
    }
    Ok(())
}

/// One mutation in a transaction of its own, on a task of its own: neither a panic in it nor a device that hangs up
/// stops what has begun. What cannot be processed for reasons of our own gets the verdict `internal` and is kept.
async fn process<H: Host>(
    host: &H,
    caller: Caller,
    request: &PushRequest,
    arrived: Arrived,
) -> Result<Step, Problem> {
    let frame = Frame {
        caller,
        incarnation: i64::from(request.incarnation),
        confirmed: request.confirmed,
    };
    let arrived = Arc::new(arrived);
    let ours = (host.clone(), Arc::clone(&arrived));
    let work = async move {
        let (host, arrived) = ours;
        write_tx!(host.ledger(), |tx| one(
            tx,
            frame,
            &arrived,
            host.now(),
            false
        )
        .await)
    };
    let fault = match host.detached(work).await {
        Ok(Ok(step)) => {
            crash_point("push.after_commit");
            return Ok(step);
        }
        Ok(Err(problem)) if problem.status != 500 => return Err(problem),
        Ok(Err(problem)) => problem.cause.map_or_else(
            || problem.note.unwrap_or_default(),
            |cause| cause.to_string(),
        ),
        Err(panic) => panic,
    };
    tracing::error!(device = %caller.device, mutation = arrived.id, %fault, "a mutation could not be processed; it is kept");
    metrics::counter!("sync_internal_verdicts_total").increment(1);
    write_tx!(host.ledger(), |tx| one(
        tx,
        frame,
        &arrived,
        host.now(),
        true
    )
    .await)
}

/// What is the same for all mutations of a push.
#[derive(Clone, Copy)]
struct Frame {
    caller: Caller,
    incarnation: i64,
    confirmed: i64,
}

/// The protocol for one mutation, under the lock of the device's row.
async fn one(
    tx: &mut impl Pushing,
    frame: Frame,
    arrived: &Arrived,
    at: DateTime<Utc>,
    failed: bool,
) -> Result<Step, Problem> {
    let device = frame.caller.device;
    let mut progress = tx.lock_progress(device).await?;
    if frame.incarnation < progress.incarnation {
        return Err(Problem::new(409, "stale_incarnation"));
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
            return Err(Problem::new(409, "stale_incarnation"));
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
    crash_point("push.before_commit");
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
    let scraps = arrived.scraps();
    let row = Processed {
        device: frame.caller.device,
        incarnation: frame.incarnation,
        uid: decided.uid,
        name: &scraps.name,
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
    let scraps = arrived.scraps();
    if let Some(uid) = arrived.read.as_ref().map(|m| m.uid).or(scraps.uid)
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
            uid: scraps.uid,
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
    let deed = Deed {
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
