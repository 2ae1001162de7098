//! Push (sync.md §4): a device's mutations in order, each with its verdict exactly once. Effect, verdict and the
//! device's `last_mutation` commit together; only faults of the infrastructure answer 5xx.

use super::{
    arrival::Arrived,
    batch::{Batch, Named},
    ports::{Host, Ledger, Pushing},
    protocol::{Frame, Step, one},
    pull::{Caller, known_schema},
};
use crate::{crash::crash_point, problem::Problem, store::devices::Progress, write_tx};
use chrono::{DateTime, Utc};
use huishou_domain::sync::message::{Gap, MAX_BYTES, MAX_MUTATIONS, PushAnswer, PushRequest};
use std::sync::Arc;
use uuid::Uuid;

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
    if i32::try_from(request.incarnation).is_err() {
        return Err(Problem::field("incarnation", "out_of_range"));
    }
    let frame = Frame {
        caller,
        incarnation: i64::from(request.incarnation),
        confirmed: request.confirmed,
    };
    let mut arrived = Vec::with_capacity(request.mutations.len());
    for (index, raw) in request.mutations.iter().enumerate() {
        arrived.push(Arrived::read(host, raw.get(), index).await?);
    }
    let done = process(host, frame, arrived).await?;
    let mut answer = PushAnswer {
        last_mutation: done.known.last_mutation,
        verdicts: Vec::with_capacity(done.steps.len()),
        gap: None,
        incarnation: u32::try_from(done.known.incarnation).unwrap_or(u32::MAX),
        epoch: done.epoch,
        server_time: host.now(),
    };
    for step in done.steps {
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
    Ok(answer)
}

/// What became of a push, and what the device had come to before.
struct Done {
    known: Progress,
    epoch: Uuid,
    steps: Vec<Step>,
}

impl Done {
    /// Nothing yet.
    async fn nothing<L: Ledger>(db: &L, caller: Caller) -> Result<Self, Problem> {
        Ok(Self {
            epoch: db.epoch().await?,
            known: db.progress(caller.device).await?,
            steps: Vec::new(),
        })
    }
}

async fn process<H: Host>(host: &H, frame: Frame, arrived: Vec<Arrived>) -> Result<Done, Problem> {
    if arrived.is_empty() {
        return Done::nothing(host.ledger(), frame.caller).await;
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
        Ok(done) => Ok(done),
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
) -> Result<Done, Fault> {
    let ours = host.clone();
    let work = async move {
        write_tx!(ours.ledger(), |tx| {
            all(tx, frame, &arrived, ours.now()).await
        })
    };
    let done = host.detached(work).await.map_err(Fault::Panic)?;
    let done = done.map_err(Fault::Problem)?;
    crash_point("push.after_commit");
    Ok(done)
}

/// The protocol for all mutations of a push, up to a gap.
async fn all(
    tx: &mut impl Pushing,
    frame: Frame,
    arrived: &[Arrived],
    at: DateTime<Utc>,
) -> Result<Done, Problem> {
    let actor = |arrived: &Arrived| arrived.read.as_ref().map(|mutation| mutation.actor);
    let named = Named {
        subjects: arrived.iter().filter_map(Arrived::subject).collect(),
        uids: arrived.iter().filter_map(Arrived::uid).collect(),
        actors: arrived.iter().filter_map(actor).collect(),
    };
    let mut batch = Batch::gather(tx, frame.caller.device, &named).await?;
    let (known, epoch) = batch.opening();
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
    Ok(Done {
        known,
        epoch,
        steps,
    })
}

/// Each mutation in a transaction of its own, so that one that cannot be processed keeps nobody up. What fails for
/// reasons of our own gets the verdict `internal` and is kept.
async fn one_by_one<H: Host>(
    host: &H,
    frame: Frame,
    arrived: &Arc<Vec<Arrived>>,
) -> Result<Done, Problem> {
    let mut done = Done::nothing(host.ledger(), frame.caller).await?;
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
        done.steps.push(step);
        if is_gap {
            break;
        }
    }
    Ok(done)
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
