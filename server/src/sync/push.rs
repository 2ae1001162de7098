//! Push (sync.md §4): a device's mutations in order, each with its verdict exactly once. Effect, verdict and the
//! device's `last_mutation` commit together; only faults of the infrastructure answer 5xx.

use super::{
    arrival::Arrived,
    batch::Batch,
    effect::{self, Deed, Effect},
    ports::{Host, Ledger, Pushing},
    pull::{Caller, known_schema},
};
use crate::{
    crash::crash_point,
    problem::Problem,
    store::{devices::Progress, mutations::Processed},
    write_tx,
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    command::Subject,
    sync::message::{Gap, MAX_BYTES, MAX_MUTATIONS, Outcome, PushAnswer, PushRequest, Verdict},
};
use std::sync::Arc;
use uuid::Uuid;

/// What happened to one mutation.
enum Step {
    Done { verdict: Box<Verdict>, last: i64 },
    Gap { expected: i64 },
}

/// Processes a push: all of it in one transaction, and one by one where that does not go through.
///
/// # Errors
/// `upgrade_required`, `wrong_device`, `push_too_large`, `malformed_mutation`, `stale_incarnation`, or the database's.
pub async fn push<H: Host>(
    host: &H,
    caller: Caller,
    request: &PushRequest,
) -> Result<PushAnswer, Problem> {
    check(caller, request)?;
    let frame = Frame {
        caller,
        incarnation: i64::from(request.incarnation),
        confirmed: request.confirmed,
    };
    let mut answer = PushAnswer {
        last_mutation: 0,
        verdicts: Vec::new(),
        gap: None,
        incarnation: 1,
        epoch: host.ledger().epoch().await?,
        server_time: host.now(),
    };
    let known = host.ledger().progress(caller.device).await?;
    answer.last_mutation = known.last_mutation;
    answer.incarnation = u32::try_from(known.incarnation).unwrap_or(u32::MAX);
    let mut arrived = Vec::with_capacity(request.mutations.len());
    for (index, raw) in request.mutations.iter().enumerate() {
        arrived.push(Arrived::read(host, raw.get(), index).await?);
    }
    for step in process(host, frame, arrived).await? {
        match step {
            Step::Done { verdict, last } => {
                answer.verdicts.push(*verdict);
                answer.last_mutation = last;
                answer.incarnation = request.incarnation;
            }
            Step::Gap { expected } => answer.gap = Some(Gap { expected }),
        }
    }
    crash_point("push.before_answer");
    answer.server_time = host.now();
    Ok(answer)
}

async fn process<H: Host>(
    host: &H,
    frame: Frame,
    arrived: Vec<Arrived>,
) -> Result<Vec<Step>, Problem> {
    if arrived.is_empty() {
        return Ok(Vec::new());
    }
    let arrived = Arc::new(arrived);
    match together(host, frame, Arc::clone(&arrived)).await {
        Err(fault) if fault.goes_one_by_one() => {
            tracing::debug!(device = %frame.caller.device, %fault, "a push is processed one by one");
            metrics::counter!("sync_pushes_one_by_one_total").increment(1);
            one_by_one(host, frame, &arrived).await
        }
        Err(Fault::Problem(problem)) => Err(problem),
        Err(Fault::Panic(words)) => Err(Problem::internal(words)),
        Ok(steps) => Ok(steps),
    }
}

/// Why a transaction did not go through.
#[derive(Debug)]
enum Fault {
    Problem(Problem),
    Panic(String),
}

impl Fault {
    /// A database that is away is not asked again at once; anything else may be the fault of a single mutation.
    const fn goes_one_by_one(&self) -> bool {
        !matches!(self, Self::Problem(problem) if problem.status == 503)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Panic(words) => f.write_str(words),
            Self::Problem(problem) => match (&problem.cause, &problem.note) {
                (Some(cause), _) => write!(f, "{cause}"),
                (None, Some(note)) => f.write_str(note),
                (None, None) => f.write_str(&problem.code),
            },
        }
    }
}

/// All mutations in one transaction, on a task of its own: neither a panic in it nor a device that hangs up stops what
/// has begun.
async fn together<H: Host>(
    host: &H,
    frame: Frame,
    arrived: Arc<Vec<Arrived>>,
) -> Result<Vec<Step>, Fault> {
    let ours = host.clone();
    let work = async move {
        write_tx!(ours.ledger(), |tx| {
            all(tx, frame, &arrived, ours.now()).await
        })
    };
    let steps = host.detached(work).await.map_err(Fault::Panic)?;
    let steps = steps.map_err(Fault::Problem)?;
    crash_point("push.after_commit");
    Ok(steps)
}

/// The protocol for all mutations of a push, up to a gap.
async fn all(
    tx: &mut impl Pushing,
    frame: Frame,
    arrived: &[Arrived],
    at: DateTime<Utc>,
) -> Result<Vec<Step>, Problem> {
    let subjects: Vec<Subject> = arrived.iter().filter_map(Arrived::subject).collect();
    let uids: Vec<Uuid> = arrived.iter().filter_map(Arrived::uid).collect();
    let mut batch = Batch::gather(tx, frame.caller.device, &subjects, &uids).await?;
    let mut steps = Vec::with_capacity(arrived.len());
    for mutation in arrived {
        let step = one(&mut batch, frame, mutation, at, false).await?;
        let is_gap = matches!(step, Step::Gap { .. });
        steps.push(step);
        if is_gap {
            break;
        }
    }
    batch.write().await?;
    crash_point("push.before_commit");
    Ok(steps)
}

/// Each mutation in a transaction of its own, so that one that cannot be processed keeps nobody up. What fails for
/// reasons of our own gets the verdict `internal` and is kept.
async fn one_by_one<H: Host>(
    host: &H,
    frame: Frame,
    arrived: &Arc<Vec<Arrived>>,
) -> Result<Vec<Step>, Problem> {
    let mut steps = Vec::with_capacity(arrived.len());
    for index in 0..arrived.len() {
        let step = match alone(host, frame, Arc::clone(arrived), index, false).await {
            Ok(step) => step,
            Err(Fault::Problem(problem)) if problem.status != 500 => return Err(problem),
            Err(fault) => {
                tracing::error!(device = %frame.caller.device, %fault, "a mutation could not be processed; it is kept");
                metrics::counter!("sync_internal_verdicts_total").increment(1);
                let kept = alone(host, frame, Arc::clone(arrived), index, true).await;
                kept.map_err(|fault| match fault {
                    Fault::Problem(problem) => problem,
                    Fault::Panic(words) => Problem::internal(words),
                })?
            }
        };
        let is_gap = matches!(step, Step::Gap { .. });
        steps.push(step);
        if is_gap {
            break;
        }
    }
    Ok(steps)
}

async fn alone<H: Host>(
    host: &H,
    frame: Frame,
    arrived: Arc<Vec<Arrived>>,
    index: usize,
    failed: bool,
) -> Result<Step, Fault> {
    let ours = host.clone();
    let work = async move {
        let Some(mutation) = arrived.get(index) else {
            return Err(Problem::internal("no such mutation in the push"));
        };
        write_tx!(ours.ledger(), |tx| {
            let step = one(tx, frame, mutation, ours.now(), failed).await;
            crash_point("push.before_commit");
            step
        })
    };
    let step = host.detached(work).await.map_err(Fault::Panic)?;
    let step = step.map_err(Fault::Problem)?;
    crash_point("push.after_commit");
    Ok(step)
}

fn check(caller: Caller, request: &PushRequest) -> Result<(), Problem> {
    known_schema(request.schema)?;
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

/// The device's store is an older copy of itself: it has to begin an incarnation above the newest.
fn stale(progress: Progress) -> Problem {
    Problem::new(409, "stale_incarnation").with("incarnation", &progress.incarnation)
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
