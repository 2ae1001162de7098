//! One transaction of many bookings. First it is assumed that every slot has places enough, which is checked last, so
//! that slots are locked no longer than the commit takes; where one has not, everything is undone and tried again with
//! the places counted first: who comes first gets them, the others get 409 and nothing of theirs is written. Whatever
//! else one booking's fault may be, it must not spoil the others: then each is written by itself, as it always was.

use super::{NewBooking, Taken, Waiting};
use crate::{
    app::App,
    crash::crash_point,
    once,
    once::Reply,
    problem::Problem,
    store::{
        StoreError, Tx,
        bookings::{self, NewVisit, Places},
        idempotency::{self, Found, Kept, Keyed},
        open_visits, visits,
    },
    sync::ports::Ledger,
};
use futures_util::{StreamExt, stream};
use tracing::Instrument;

/// Most tries of one batch that the database was too busy for.
const TRIES: u32 = 4;
/// Bookings that are written by themselves at the same time.
const APART: usize = 4;

/// What the bookings of a batch are answered, in their order.
type Answers = Vec<Result<Reply, Problem>>;

/// Why a batch was undone.
enum Undone {
    /// A slot has not places enough.
    Full,
    /// The database refused.
    Refused(StoreError),
    /// An answer that cannot be kept, in words.
    Faulty(String),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

/// Writes and answers them.
pub(super) async fn write(mut taken: Taken) {
    let app = taken.app.clone();
    let size = u32::try_from(taken.bookings.len()).unwrap_or(u32::MAX);
    metrics::histogram!("bookings_written_together").record(f64::from(size));
    let (mut counted, mut known, mut tries) = (app.bookings.counts_first(), false, 0);
    while !taken.bookings.is_empty() {
        match attempt(&app, &taken.bookings, counted).await {
            Ok(answers) => return tell(&mut taken, answers),
            Err(Undone::Full) if !counted => {
                counted = true;
                app.bookings.count_first();
            }
            Err(Undone::Refused(StoreError::Duplicate(_))) if !known => {
                known = true;
                if let Err(error) = answer_known(&app, &mut taken).await {
                    return fail(&mut taken, error.into());
                }
            }
            Err(Undone::Refused(error)) if is_contended(&error) && tries < TRIES => {
                tries += 1;
                app.db.pause(tries).await;
            }
            Err(Undone::Refused(error)) if is_everybodys(&error) => {
                return fail(&mut taken, error.into());
            }
            Err(undone) => return apart(taken, &undone),
        }
    }
}

fn tell(taken: &mut Taken, answers: Answers) {
    for (one, answer) in taken.bookings.drain(..).zip(answers) {
        one.tell(answer);
    }
}

fn fail(taken: &mut Taken, problem: Problem) {
    for one in taken.bookings.drain(..) {
        one.tell(Err(problem.clone()));
    }
}

/// Two transactions in each other's way; the whole is tried again. Not a wait that was too long: that may be a twin's.
fn is_contended(error: &StoreError) -> bool {
    match error {
        StoreError::Busy(error) => StoreError::number(error) != Some(LOCK_WAIT),
        _ => false,
    }
}

/// MySQL's number for a lock that was waited for too long.
const LOCK_WAIT: u16 = 1205;

/// The database is away: no booking by itself would fare better, and whether a commit came through nobody can know.
/// Whoever asks again under the same key is told.
const fn is_everybodys(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_) | StoreError::Saturated)
}

/// Answers those whose key was used before with the first answer; the others stay.
async fn answer_known(app: &App, taken: &mut Taken) -> Result<(), StoreError> {
    let keys: Vec<&Keyed> = keys(&taken.bookings);
    let mut connection = app.db.read().await?;
    let mut known = idempotency::look_many(&mut connection, &keys, app.now()).await?;
    let mut left = Vec::new();
    for one in taken.bookings.drain(..) {
        let found = match &one.booking.keyed {
            Some(keyed) => known.remove(keyed).unwrap_or(Found::Nothing),
            None => Found::Nothing,
        };
        match found {
            Found::Nothing => left.push(one),
            found => one.tell(once::first_answer(found)),
        }
    }
    taken.bookings = left;
    Ok(())
}

fn keys(bookings: &[Waiting]) -> Vec<&Keyed> {
    bookings
        .iter()
        .filter_map(|one| one.booking.keyed.as_ref())
        .collect()
}

/// Once, all of them, to the commit.
async fn attempt(app: &App, batch: &[Waiting], counted: bool) -> Result<Answers, Undone> {
    let mut tx = app.db.begin().await?;
    let answers = match fill(&mut tx, app, batch, counted).await {
        Ok(answers) => answers,
        Err(undone) => {
            bookings::patient(&mut tx).await;
            tx.rollback().await;
            return Err(undone);
        }
    };
    pass(batch, ["booking.before_commit", "keyed.before_commit"]);
    app.db.commit(tx).await?;
    pass(batch, ["booking.after_commit", "keyed.after_commit"]);
    Ok(answers)
}

fn pass(batch: &[Waiting], [booking, keyed]: [&'static str; 2]) {
    for one in batch {
        crash_point(booking);
        if one.booking.keyed.is_some() {
            crash_point(keyed);
        }
    }
}

async fn fill(tx: &mut Tx, app: &App, batch: &[Waiting], counted: bool) -> Result<Answers, Undone> {
    bookings::impatient(tx).await?;
    let batch: Vec<&NewBooking> = batch.iter().map(|one| &one.booking).collect();
    let new: Vec<NewVisit<'_>> = batch.iter().map(|one| one.as_new()).collect();
    let mut places = Places::of(&new)?;
    if !counted {
        let kept = kept(&batch, |_| Ok(true))?;
        idempotency::insert_answered(tx, &kept, app.now()).await?;
        bookings::insert(tx, &new).await?;
        return if places.take(tx).await? {
            Ok(batch.iter().map(|one| Ok(one.reply.clone())).collect())
        } else {
            Err(Undone::Full)
        };
    }
    let fit = places.count(tx, &new).await?;
    let kept = kept(&batch, |n| Ok(fit[n]))?;
    idempotency::insert_answered(tx, &kept, app.now()).await?;
    let fitting = new.iter().zip(&fit).filter(|(_, fits)| **fits);
    let fitting: Vec<NewVisit<'_>> = fitting.map(|(new, _)| *new).collect();
    bookings::insert(tx, &fitting).await?;
    if !places.take(tx).await? {
        return Err(Undone::Full);
    }
    let answers = batch.iter().zip(&fit).map(|(one, fits)| {
        if *fits {
            Ok(one.reply.clone())
        } else {
            Err(StoreError::SlotFull.into())
        }
    });
    Ok(answers.collect())
}

/// What is kept under the keys: the answer, or that the slot is full.
fn kept<'b>(
    batch: &[&'b NewBooking],
    fits: impl Fn(usize) -> Result<bool, Undone>,
) -> Result<Vec<(&'b Keyed, Kept)>, Undone> {
    let mut rows = Vec::with_capacity(batch.len());
    for (n, one) in batch.iter().enumerate() {
        let Some(keyed) = &one.keyed else { continue };
        let kept = if fits(n)? {
            Kept {
                status: one.reply.status,
                answer: one.answer.clone(),
            }
        } else {
            once::kept_problem(&StoreError::SlotFull.into()).map_err(|p| Undone::Faulty(p.code))?
        };
        rows.push((keyed, kept));
    }
    Ok(rows)
}

impl NewBooking {
    fn as_new(&self) -> NewVisit<'_> {
        NewVisit {
            visit: &self.visit,
            route: self.route,
            writer: self.writer,
            partner: self.partner,
        }
    }
}

/// Each by itself; other bookings go on meanwhile.
fn apart(mut taken: Taken, undone: &Undone) {
    let why = match undone {
        Undone::Full => "a slot filled up".to_owned(),
        Undone::Refused(error) => error.to_string(),
        Undone::Faulty(code) => code.clone(),
    };
    tracing::debug!(
        why,
        count = taken.bookings.len(),
        "bookings are written one by one"
    );
    metrics::counter!("bookings_written_apart_total").increment(taken.bookings.len() as u64);
    let work = async move {
        let app = taken.app.clone();
        let bookings = std::mem::take(&mut taken.bookings);
        stream::iter(bookings)
            .for_each_concurrent(APART, |one| alone(&app, one))
            .await;
        drop(taken);
    };
    tokio::spawn(work.in_current_span());
}

async fn alone(app: &App, one: Waiting) {
    let booking = &one.booking;
    let outcome = by_itself(app, booking).await;
    one.tell(outcome);
}

async fn by_itself(app: &App, one: &NewBooking) -> Result<Reply, Problem> {
    let reply = once!(app, one.keyed.as_ref(), tx => {
        visits::insert(tx, one.route, &one.visit, one.writer).await?;
        if let Some(partner) = one.partner {
            open_visits::insert(tx, partner, &one.visit).await?;
        }
        crash_point("booking.before_commit");
        Ok(one.reply.clone())
    })?;
    crash_point("booking.after_commit");
    Ok(reply)
}
