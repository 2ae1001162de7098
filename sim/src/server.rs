//! A server instance: the real core of push, pull and the sequencer on a node of the simulation, over the database that
//! all instances share.

use crate::{
    chance::Chance,
    executor::{Executor, MILLI, Node, SECOND},
    ledger::{
        SimLedger,
        pushing::slot_of,
        rows::{self, Key, Places, Row},
    },
    trace::Trace,
};
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{
    command::{Command, Subject},
    staff::Station,
};
use huishou_server::{
    books::Compiled,
    problem::Problem,
    store::{StoreError, orders::Route},
    sync::{
        catalogue,
        ports::{Host, Prepared},
        sequencer,
    },
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use uuid::Uuid;

/// When every run begins.
pub const BEGIN: &str = "2026-11-23T02:00:00Z";

/// The true time: what a clock without fault shows.
#[must_use]
pub fn true_time(executor: &Executor) -> DateTime<Utc> {
    let begin: DateTime<Utc> = BEGIN.parse().unwrap_or_default();
    let passed = i64::try_from(executor.now() / MILLI).unwrap_or(i64::MAX);
    begin + TimeDelta::milliseconds(passed)
}

type Books = Arc<Mutex<BTreeMap<Uuid, Arc<Compiled>>>>;

/// A server instance, for one request or for good.
#[derive(Clone)]
pub struct SimHost {
    /// Where it runs.
    pub node: Node,
    /// Its connection to the database.
    pub ledger: SimLedger,
    executor: Executor,
    books: Books,
}

impl SimHost {
    /// An instance on a node.
    #[must_use]
    pub fn new(node: Node, ledger: SimLedger, executor: Executor) -> Self {
        Self {
            node,
            ledger,
            executor,
            books: Arc::default(),
        }
    }

    /// The same instance with a handle of its own, which remembers what the request's pull saw.
    #[must_use]
    pub fn for_request(&self) -> Self {
        Self {
            ledger: self.ledger.handle(),
            ..self.clone()
        }
    }

    fn book(&self, city: &str, version: i64) -> Result<Option<Arc<Compiled>>, StoreError> {
        let tables = self.ledger.tables();
        let found = rows::books(&tables)
            .find(|b| b.city == city && i64::from(b.version) == version)
            .map(|b| (**b).clone());
        let Some(book) = found else {
            return Ok(None);
        };
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = books.get(&book.id.0) {
            return Ok(Some(Arc::clone(known)));
        }
        let rules = book
            .compile()
            .map_err(|e| StoreError::Unreadable(e.to_string()))?;
        let id = book.id.0;
        let compiled = Arc::new(Compiled { book, rules });
        books.insert(id, Arc::clone(&compiled));
        Ok(Some(compiled))
    }

    fn depot_of(&self, division: &str) -> Option<Station> {
        let tables = self.ledger.tables();
        let serves = |s: &Station| s.divisions.iter().any(|d| division.starts_with(d.as_str()));
        rows::stations(&tables)
            .find(|s| serves(s))
            .map(|s| Station::clone(s))
    }

    /// Makes the row of the slot that a time lies in, where it is missing.
    fn make_slot(&self, station: Uuid, at: DateTime<Utc>) {
        let slot = slot_of(at);
        self.ledger
            .make(Key::Slot(station, slot.date, slot.start), || {
                Row::Places(Places {
                    capacity: 3,
                    taken: 0,
                })
            });
    }

    fn ready(&self, command: &Command) -> Result<Prepared, Problem> {
        let route = match command.subject() {
            Subject::NewTicket(id) | Subject::NewAppointment(_, id) => {
                Some(Route::of(id, self.now()))
            }
            _ => None,
        };
        let mut depot = None;
        match command {
            Command::Reschedule(args) => {
                let tables = self.ledger.tables();
                let row = tables.get(&Key::Appointment(args.appointment_id.0));
                if let Some(appointment) = rows::appointment(row) {
                    self.make_slot(appointment.body.station_id.0, args.appointment_time);
                }
            }
            Command::Create(args) => {
                depot = self.depot_of(args.address.division.trim());
                if let Some(depot) = &depot {
                    self.make_slot(depot.id.0, args.appointment_time);
                }
            }
            _ => {}
        }
        let book = match (catalogue::named_book(command), &depot) {
            (Some(named), _) => self.book(&named.city, named.version)?,
            (None, Some(depot)) => self.book(&depot.city, 1)?,
            (None, None) => None,
        };
        Ok(Prepared { book, depot, route })
    }
}

impl Host for SimHost {
    type Ledger = SimLedger;

    fn ledger(&self) -> &SimLedger {
        &self.ledger
    }

    fn now(&self) -> DateTime<Utc> {
        // Instances differ by milliseconds, as servers with a time service do.
        true_time(&self.executor) + TimeDelta::milliseconds(i64::from(self.node.0) * 3)
    }

    async fn prepare(&self, command: &Command) -> Result<Prepared, Problem> {
        tokio::task::yield_now().await;
        self.ready(command)
    }

    async fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, String> {
        let (done, wait) = tokio::sync::oneshot::channel();
        self.executor.spawn(self.node, async move {
            // Whoever asked may be gone.
            let _ = done.send(work.await);
        });
        wait.await.map_err(|_| "the node went down".to_owned())
    }
}

/// The sequencer of an instance: woken by writes, sometimes late.
pub async fn sequence(host: SimHost, executor: Executor, chance: Chance, trace: Trace) {
    loop {
        host.ledger.written().await;
        let pause = if chance.permille(50) {
            chance.below(20 * SECOND)
        } else {
            chance.below(50 * MILLI)
        };
        executor.sleep(pause).await;
        match sequencer::sequence(&host.ledger).await {
            Ok(_) => {}
            Err(error) => {
                trace.note(host.node, format!("sequencer: {error}"));
                executor.sleep(500 * MILLI).await;
            }
        }
    }
}
