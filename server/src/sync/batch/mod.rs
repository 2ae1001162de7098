//! One transaction for many mutations (sync.md 16): their visits are locked together and in one order, each command
//! decides on what the ones before it left in memory, and what came of them all is written at the end, once a row.
//! Everything here is a [`Pushing`] itself, so a command cannot tell whether it has the transaction to itself.
//!
//! Any error gives the whole batch up; its mutations are then processed one by one.

mod effects;
mod rows;

use super::{
    gathered::Gathered,
    ports::{Opening, Pushing},
};
use crate::store::{
    StoreError, appointments::Stored, devices::Progress, mutations::Processed, staff::Person,
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    appointment::Appointment,
    command::Subject,
    ids::{AppointmentId, DeviceId, OrderId, StaffId, StationId},
    order::Order,
    staff::Station,
    sync::{
        message::Verdict,
        scope::{Kind, Scope},
    },
    visit::Visit,
};
use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
};
use uuid::Uuid;

/// An order and the month it lies in.
type InMonth = (i32, Stored<Order>);

/// What the commands of a push name.
#[derive(Debug, Default)]
pub struct Named {
    /// What they are about.
    pub subjects: Vec<Subject>,
    /// Their unique ids.
    pub uids: Vec<Uuid>,
    /// Who acted.
    pub actors: BTreeSet<StaffId>,
}

/// Many mutations on one transaction.
pub struct Batch<'t, T> {
    tx: &'t mut T,
    /// As the database has them.
    rows: Gathered,
    /// Changed and not written yet.
    appointments: HashMap<AppointmentId, Stored<Appointment>>,
    orders: HashMap<OrderId, InMonth>,
    marks: Vec<(Kind, Uuid, Scope)>,
    news: Vec<(Option<Visit>, Visit)>,
    answered: Vec<Answered>,
    advanced: Option<(DeviceId, Progress)>,
    looked_up: LookedUp,
    effect: Effect,
}

/// What several commands ask for, asked once.
#[derive(Default)]
struct LookedUp {
    opened_at: Progress,
    progress: HashMap<DeviceId, Progress>,
    known: HashMap<Uuid, (DeviceId, Verdict)>,
    sessions: HashMap<(DeviceId, StaffId), bool>,
    people: HashMap<StaffId, Option<Person>>,
    stations: HashMap<StationId, Option<Station>>,
    superseded: HashMap<(String, i64), Option<DateTime<Utc>>>,
    epoch: Option<Uuid>,
}

/// A mutation with its verdict, to be remembered.
struct Answered {
    device: DeviceId,
    incarnation: i64,
    uid: Option<Uuid>,
    name: String,
    actor: Option<StaffId>,
    verdict: Verdict,
    raw: Option<String>,
    client_time: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
}

/// What the command at hand has done so far, so that it can be undone alone.
#[derive(Default)]
struct Effect {
    savepoint: Option<&'static str>,
    /// The transaction itself has the savepoint: something was written through.
    written: bool,
    marks: usize,
    news: usize,
    undo: Vec<Undo>,
}

/// How a row was before.
enum Undo {
    Appointment(AppointmentId, Option<Box<Stored<Appointment>>>),
    Order(OrderId, Option<Box<InMonth>>),
    NewAppointment(AppointmentId),
    NewOrder(OrderId),
}

impl<'t, T: Pushing> Batch<'t, T> {
    /// Locks what the commands are about, and asks at once what each would ask for itself.
    ///
    /// # Errors
    /// Of the database.
    pub async fn gather(
        tx: &'t mut T,
        device: DeviceId,
        named: &Named,
    ) -> Result<Self, StoreError> {
        // The device's row first: two pushes of one device take turns here, before they lock anything else.
        let actors: Vec<StaffId> = named.actors.iter().copied().collect();
        let Opening {
            progress,
            known,
            company,
        } = tx.opening(device, &named.uids, &actors).await?;
        let session = |actor: &StaffId| ((device, *actor), company.people.contains_key(actor));
        let looked_up = LookedUp {
            opened_at: progress,
            progress: HashMap::from([(device, progress)]),
            known,
            sessions: actors.iter().map(session).collect(),
            people: company
                .people
                .into_iter()
                .map(|(id, p)| (id, Some(p)))
                .collect(),
            epoch: Some(company.epoch),
            ..LookedUp::default()
        };
        let rows = tx.gather(&named.subjects).await?;
        Ok(Self {
            tx,
            rows,
            appointments: HashMap::new(),
            orders: HashMap::new(),
            marks: Vec::new(),
            news: Vec::new(),
            answered: Vec::new(),
            advanced: None,
            looked_up,
            effect: Effect::default(),
        })
    }

    /// How far the device had come before, and the history its commands come to.
    #[must_use]
    pub fn opening(&self) -> (Progress, Uuid) {
        let epoch = self.looked_up.epoch.unwrap_or_default();
        (self.looked_up.opened_at, epoch)
    }

    /// Writes what came of all commands.
    ///
    /// # Errors
    /// Of the database; a duplicate where an id is another record's.
    pub async fn write(self) -> Result<(), StoreError> {
        let appointments = changed(self.appointments, &self.rows.appointments, |row| row);
        self.tx.update_appointments(&appointments).await?;
        let orders = changed(self.orders, &self.rows.orders, |(_, row)| row);
        self.tx.update_orders(&orders).await?;
        let marks: BTreeSet<(Kind, Uuid, Scope)> = self.marks.into_iter().collect();
        let marks: Vec<_> = marks.into_iter().collect();
        self.tx.mark_all(&marks).await?;
        self.tx.tell_customers(&self.news).await?;
        let answered: Vec<Processed<'_>> = self.answered.iter().map(Answered::row).collect();
        self.tx.remember_all(&answered).await?;
        match self.advanced {
            Some((device, progress)) => self.tx.advance(device, progress).await,
            None => Ok(()),
        }
    }

    /// The transaction, for what is written at once; the command's savepoint is set in it before the first of these.
    async fn through(&mut self) -> Result<&mut T, StoreError> {
        if let (Some(name), false) = (self.effect.savepoint, self.effect.written) {
            self.tx.savepoint(name).await?;
            self.effect.written = true;
        }
        Ok(self.tx)
    }
}

/// Pairs of what the database has and what it is to have.
fn changed<I: Eq + Hash + Ord + Copy, R, V: Clone>(
    after: HashMap<I, R>,
    rows: &HashMap<I, Option<R>>,
    body: impl Fn(&R) -> &Stored<V>,
) -> Vec<(V, R)> {
    let mut pairs: Vec<(I, V, R)> = after
        .into_iter()
        .filter_map(|(id, after)| {
            let before = body(rows.get(&id)?.as_ref()?).body.clone();
            Some((id, before, after))
        })
        .collect();
    pairs.sort_unstable_by_key(|(id, ..)| *id);
    pairs
        .into_iter()
        .map(|(_, before, after)| (before, after))
        .collect()
}

impl Answered {
    fn row(&self) -> Processed<'_> {
        Processed {
            device: self.device,
            incarnation: self.incarnation,
            uid: self.uid,
            name: &self.name,
            actor: self.actor,
            verdict: &self.verdict,
            raw: self.raw.as_deref(),
            client_time: self.client_time,
            at: self.at,
        }
    }
}

impl<T: Pushing> Pushing for Batch<'_, T> {
    async fn lock_progress(&mut self, device: DeviceId) -> Result<Progress, StoreError> {
        if let Some((of, progress)) = self.advanced
            && of == device
        {
            return Ok(progress);
        }
        match self.looked_up.progress.get(&device) {
            Some(progress) => Ok(*progress),
            None => self.tx.lock_progress(device).await,
        }
    }

    async fn advance(&mut self, device: DeviceId, progress: Progress) -> Result<(), StoreError> {
        self.advanced = Some((device, progress));
        Ok(())
    }

    async fn verdict(
        &mut self,
        device: DeviceId,
        incarnation: i64,
        id: i64,
    ) -> Result<Option<(Option<Uuid>, Verdict)>, StoreError> {
        let here = self
            .answered
            .iter()
            .find(|a| (a.device, a.incarnation, a.verdict.id) == (device, incarnation, id));
        match here {
            Some(answered) => Ok(Some((answered.uid, answered.verdict.clone()))),
            None => self.tx.verdict(device, incarnation, id).await,
        }
    }

    async fn verdict_of_uid(
        &mut self,
        uid: Uuid,
    ) -> Result<Option<(DeviceId, Verdict)>, StoreError> {
        let here = self.answered.iter().find(|a| a.uid == Some(uid));
        Ok(match here {
            Some(answered) => Some((answered.device, answered.verdict.clone())),
            None => self.looked_up.known.get(&uid).cloned(),
        })
    }

    async fn remember(&mut self, row: &Processed<'_>) -> Result<(), StoreError> {
        self.answered.push(Answered {
            device: row.device,
            incarnation: row.incarnation,
            uid: row.uid,
            name: row.name.to_owned(),
            actor: row.actor,
            verdict: row.verdict.clone(),
            raw: row.raw.map(str::to_owned),
            client_time: row.client_time,
            at: row.at,
        });
        Ok(())
    }

    async fn had_session(&mut self, device: DeviceId, staff: StaffId) -> Result<bool, StoreError> {
        if let Some(known) = self.looked_up.sessions.get(&(device, staff)) {
            return Ok(*known);
        }
        let had = self.tx.had_session(device, staff).await?;
        self.looked_up.sessions.insert((device, staff), had);
        Ok(had)
    }
}
