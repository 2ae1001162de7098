//! Requests with an idempotency key take effect once (api.md): the key, the effect and the answer are one transaction.
//! 2xx and 409 are kept and given again, and so is a problem after which the request cannot be made again
//! ([`Problem::is_final`]); validation errors and faults are not.

use crate::{
    app::State,
    crash::crash_point,
    problem::Problem,
    store::{
        Tx,
        idempotency::{self, Claim, Found, Kept, Keyed},
    },
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

/// An answer to be kept: a status of 2xx and a body, null for none.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Value,
}

impl Reply {
    /// 200 with a body.
    #[must_use]
    pub const fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }

    /// 201 with a body.
    #[must_use]
    pub const fn created(body: Value) -> Self {
        Self { status: 201, body }
    }

    /// 204: done, and nothing to say about it.
    #[must_use]
    pub const fn done() -> Self {
        Self {
            status: 204,
            body: Value::Null,
        }
    }

    /// A status with what is to be shown.
    ///
    /// # Errors
    /// 500 for what has no form in JSON.
    pub fn of(status: u16, shown: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_value(shown).map_err(|e| Problem::internal(e.to_string()))?;
        Ok(Self { status, body })
    }
}

/// Everything since the key was claimed.
const EFFECT: &str = "effect";

/// The first answer, if the request has been answered before. Asked before a request is judged: what was in time then
/// may be too late now.
///
/// # Errors
/// The first answer if it was a problem; 422 `idempotency_mismatch`.
pub async fn replay(app: &State, keyed: Option<&Keyed>) -> Result<Option<Reply>, Problem> {
    let Some(keyed) = keyed else { return Ok(None) };
    let mut connection = app.db.read().await?;
    match idempotency::look(&mut connection, keyed, app.now()).await? {
        Found::Nothing => Ok(None),
        found => first_answer(found).map(Some),
    }
}

/// How a keyed write begins.
#[derive(Debug)]
pub enum Begun {
    /// Do the work and [`finish`].
    Go,
    /// It was done before.
    Before(Result<Reply, Problem>),
}

/// Claims the key inside the transaction; without a key there is nothing to claim.
///
/// # Errors
/// 409 `idempotency_in_progress`, 422 `idempotency_mismatch`, or the database refused.
pub async fn begin(
    tx: &mut Tx,
    keyed: Option<&Keyed>,
    now: DateTime<Utc>,
) -> Result<Begun, Problem> {
    let Some(keyed) = keyed else {
        return Ok(Begun::Go);
    };
    match idempotency::claim(tx, keyed, now).await? {
        Claim::Ours => {
            tx.savepoint(EFFECT).await?;
            Ok(Begun::Go)
        }
        Claim::InProgress => Err(Problem::new(409, "idempotency_in_progress")),
        Claim::Taken(Found::Mismatch) => Err(Problem::new(422, "idempotency_mismatch")),
        Claim::Taken(found) => Ok(Begun::Before(first_answer(found))),
    }
}

/// Keeps the work's answer under the key. The outer error rolls everything back; the inner one is a problem that is kept
/// while its effects are undone.
///
/// # Errors
/// The work's problem, or the database refused.
pub async fn finish(
    tx: &mut Tx,
    keyed: Option<&Keyed>,
    outcome: Result<Reply, Problem>,
) -> Result<Result<Reply, Problem>, Problem> {
    let Some(keyed) = keyed else {
        return outcome.map(Ok);
    };
    let kept = match &outcome {
        Ok(reply) => Kept {
            status: reply.status,
            answer: reply.body.to_string(),
        },
        Err(problem) if problem.status == 409 || problem.is_final => {
            tx.rollback_to(EFFECT).await?;
            kept_problem(problem)?
        }
        Err(problem) => return Err(problem.clone()),
    };
    idempotency::keep(tx, keyed, &kept).await?;
    crash_point("keyed.before_commit");
    Ok(outcome)
}

/// A problem as it is kept.
///
/// # Errors
/// None in practice.
pub(crate) fn kept_problem(problem: &Problem) -> Result<Kept, Problem> {
    let answer = serde_json::to_string(problem).map_err(|e| Problem::internal(e.to_string()))?;
    Ok(Kept {
        status: problem.status,
        answer,
    })
}

/// Does the work in one transaction, under the key where there is one: `once!(app, keyed, tx => work)`; the work answers
/// `Result<Reply, Problem>`. See [`crate::write_tx!`] for why it is a macro.
#[macro_export]
macro_rules! once {
    ($app:expr, $keyed:expr, $tx:ident => $work:expr) => {{
        let keyed: Option<&$crate::store::idempotency::Keyed> = $keyed;
        let now = $app.now();
        let settled: Result<
            Result<$crate::once::Reply, $crate::problem::Problem>,
            $crate::problem::Problem,
        > = $crate::write_tx!(&$app.db, |$tx| {
            match $crate::once::begin($tx, keyed, now).await? {
                $crate::once::Begun::Before(answer) => Ok(answer),
                $crate::once::Begun::Go => {
                    let outcome: Result<$crate::once::Reply, $crate::problem::Problem> =
                        async { $work }.await;
                    $crate::once::finish($tx, keyed, outcome).await
                }
            }
        });
        if keyed.is_some() {
            $crate::crash::crash_point("keyed.after_commit");
        }
        settled.and_then(|outcome| outcome)
    }};
}

/// What was answered first, as it is answered again.
///
/// # Errors
/// The first answer if it was a problem; 422 `idempotency_mismatch`.
pub(crate) fn first_answer(found: Found) -> Result<Reply, Problem> {
    let broken = |e: serde_json::Error| Problem::internal(format!("idempotency_keys.answer: {e}"));
    match found {
        Found::Answer(kept) if kept.status >= 400 => {
            Err(serde_json::from_str(&kept.answer).map_err(broken)?)
        }
        Found::Answer(kept) => Ok(Reply {
            status: kept.status,
            body: serde_json::from_str(&kept.answer).map_err(broken)?,
        }),
        Found::Mismatch => Err(Problem::new(422, "idempotency_mismatch")),
        Found::Nothing => Err(Problem::internal("an idempotency key without its row")),
    }
}
