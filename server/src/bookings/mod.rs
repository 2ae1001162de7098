//! Bookings that wait at the same time are written together: one transaction, a statement a table. Each is still written
//! whole or not at all and answered by itself. A lone booking is written at once: nobody waits for company.
//!
//! Whoever asks first for a writer starts one; a writer takes what waits, writes it, and ends when nothing waits. Two
//! bookings under one idempotency key are never written together: the second waits for the first one's answer.

mod batch;
mod line;

use crate::{
    app::App,
    once::Reply,
    open::Partner,
    problem::Problem,
    store::{idempotency::Keyed, orders::Route},
};
use huishou_domain::visit::Visit;
use line::Line;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{Notify, oneshot};
use tracing::Instrument;
use uuid::Uuid;

/// How long a request waits for its twin to be written (api.md).
const TWIN_WAIT: Duration = Duration::from_secs(5);
/// So long after a slot was found full, places are counted before anything is written.
const COUNTED_FOR: Duration = Duration::from_secs(1);

/// A booking that is checked and priced and only has to be written.
#[derive(Debug)]
pub struct NewBooking {
    /// The key it was sent with.
    pub keyed: Option<Keyed>,
    /// Appointment and order.
    pub visit: Visit,
    /// The month its order goes to.
    pub route: Route,
    /// Who is noted as its writer.
    pub writer: Uuid,
    /// The partner it came through.
    pub partner: Option<Partner>,
    /// What the caller is answered, as text; kept under the key.
    pub answer: String,
    /// The same as the caller gets it.
    pub reply: Reply,
}

/// A booking in the line, with who waits for its answer.
#[derive(Debug)]
struct Waiting {
    booking: NewBooking,
    ticket: u64,
    caller: oneshot::Sender<Result<Reply, Problem>>,
}

impl Waiting {
    /// Who waits may have gone.
    fn tell(self, answer: Result<Reply, Problem>) {
        let _ = self.caller.send(answer);
    }
}

/// The bookings that wait to be written.
#[derive(Debug)]
pub struct Bookings {
    line: Mutex<Line>,
    done: Notify,
    counted_until: Mutex<Option<Instant>>,
}

impl Bookings {
    /// At most `most` in one transaction, at most `writers` transactions at a time.
    #[must_use]
    pub fn new(most: usize, writers: usize) -> Self {
        Self {
            line: Mutex::new(Line::new(most, writers)),
            done: Notify::new(),
            counted_until: Mutex::default(),
        }
    }

    /// Waits until nothing waits or is being written: before the process ends.
    pub async fn drained(&self) {
        loop {
            let done = self.done.notified();
            if self.line().is_idle() {
                return;
            }
            done.await;
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counts_first(&self) -> bool {
        let until = *self.counted();
        until.is_some_and(|until| Instant::now() < until)
    }

    fn count_first(&self) {
        *self.counted() = Some(Instant::now() + COUNTED_FOR);
    }

    fn counted(&self) -> MutexGuard<'_, Option<Instant>> {
        let counted = self.counted_until.lock();
        counted.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a booking, together with those that wait meanwhile. Once begun it is written to its end even if the caller
/// goes away.
///
/// # Errors
/// 409 `slot_full`, those of the idempotency key, and of the database.
pub async fn write(app: &App, booking: NewBooking) -> Result<Reply, Problem> {
    let (caller, mut answer) = oneshot::channel();
    let (ticket, starts) = app.bookings.line().join(booking, caller);
    if starts {
        tokio::spawn(write_all(Writer::of(app.clone())).in_current_span());
    }
    let told = match tokio::time::timeout(TWIN_WAIT, &mut answer).await {
        Ok(told) => told,
        Err(_) if app.bookings.line().leave_to_twin(ticket) => {
            return Err(Problem::new(409, "idempotency_in_progress"));
        }
        Err(_) => answer.await,
    };
    told.unwrap_or_else(|_| Err(Problem::internal("the writer of bookings was given up")))
}

async fn write_all(mut writer: Writer) {
    loop {
        // Those whose requests are just being read join before the line is looked at.
        tokio::task::yield_now().await;
        let Some(taken) = writer.take() else { return };
        batch::write(taken).await;
    }
}

/// Counts as a writer until it finds nothing to write, or is given up.
struct Writer {
    app: App,
    ended: bool,
}

impl Writer {
    const fn of(app: App) -> Self {
        Self { app, ended: false }
    }

    fn take(&mut self) -> Option<Taken> {
        let bookings = self.app.bookings.line().take();
        self.ended = bookings.is_empty();
        if self.ended {
            self.app.bookings.done.notify_waiters();
            return None;
        }
        Some(Taken {
            app: self.app.clone(),
            keys: bookings.iter().filter_map(line::key).collect(),
            bookings,
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.ended {
            self.app.bookings.line().writer_lost();
            self.app.bookings.done.notify_waiters();
        }
    }
}

/// Bookings being written; their keys are free for twins when it is dropped.
struct Taken {
    app: App,
    keys: Vec<Keyed>,
    bookings: Vec<Waiting>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        let starts = self.app.bookings.line().written(&self.keys);
        self.app.bookings.done.notify_waiters();
        if starts && tokio::runtime::Handle::try_current().is_ok() {
            tokio::spawn(write_all(Writer::of(self.app.clone())));
        }
    }
}
