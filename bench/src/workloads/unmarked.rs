//! The product's push on the product's database, with everything it writes but the marks in the change feed's outbox:
//! what [`super::feed`] compares with.

use chrono::{DateTime, Utc};
use huishou_domain::{
    appointment::{Appointment, Slot},
    command::{Command, Subject},
    ids::{AppointmentId, DeviceId, OrderId, StaffId, StationId, UserId},
    order::Order,
    price_book::PriceBook,
    staff::Station,
    sync::{
        message::Verdict,
        scope::{Kind, Scope},
    },
    visit::Visit,
};
use huishou_server::{
    app::App,
    problem::Problem,
    store::{
        Db, Snapshot, StoreError, Tx, appointments::Stored, devices::Progress,
        disputed::NewDispute, mutations::Processed, orders::Route, price_books::Newest,
        staff::Person,
    },
    sync::{
        gathered::Gathered,
        ports::{
            Company, Effecting, Host, Ledger, Opening, Prepared, Pushing, Sequencing, VisitRows,
        },
    },
};
use std::{collections::HashMap, future::Future};
use uuid::Uuid;

/// A server that marks nothing.
#[derive(Clone)]
pub struct Unmarked {
    app: App,
    ledger: Silent<Db>,
}

impl Unmarked {
    /// On this server's database.
    #[must_use]
    pub fn of(app: &App) -> Self {
        let ledger = Silent(app.db.clone());
        Self {
            app: app.clone(),
            ledger,
        }
    }
}

/// A database, or a transaction on it, that does as it is told but for marks.
#[derive(Clone)]
pub struct Silent<T>(T);

impl Host for Unmarked {
    type Ledger = Silent<Db>;

    fn ledger(&self) -> &Silent<Db> {
        &self.ledger
    }

    fn now(&self) -> DateTime<Utc> {
        self.app.now()
    }

    async fn prepare(&self, command: &Command) -> Result<Prepared, Problem> {
        self.app.prepare(command).await
    }

    async fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, String> {
        self.app.detached(work).await
    }
}

impl Ledger for Silent<Db> {
    type Tx = Silent<Tx>;
    type Snapshot = Snapshot;

    async fn begin(&self) -> Result<Silent<Tx>, StoreError> {
        Ok(Silent(self.0.begin().await?))
    }

    async fn commit(&self, tx: Silent<Tx>) -> Result<(), StoreError> {
        self.0.commit(tx.0).await
    }

    async fn rollback(&self, tx: Silent<Tx>) {
        tx.0.rollback().await;
    }

    async fn pause(&self, tries: u32) {
        self.0.pause(tries).await;
    }

    async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.0.snapshot().await
    }

    async fn anything_pending(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn progress(&self, device: DeviceId) -> Result<Progress, StoreError> {
        self.0.progress(device).await
    }

    fn tag(&self) -> [u8; 16] {
        self.0.tag()
    }
}

/// Calls that are passed on as they are.
macro_rules! passed_on {
    ($(fn $name:ident($($argument:ident: $of:ty),*) -> $back:ty;)*) => {
        $(async fn $name(&mut self, $($argument: $of),*) -> Result<$back, StoreError> {
            self.0.$name($($argument),*).await
        })*
    };
}

impl Sequencing for Silent<Tx> {
    passed_on! {
        fn number(most: u32, tag: [u8; 16]) -> usize;
    }
}

impl Pushing for Silent<Tx> {
    passed_on! {
        fn lock_progress(device: DeviceId) -> Progress;
        fn opening(device: DeviceId, uids: &[Uuid], actors: &[StaffId]) -> Opening;
        fn advance(device: DeviceId, progress: Progress) -> ();
        fn verdict(device: DeviceId, incarnation: i64, id: i64) -> Option<(Option<Uuid>, Verdict)>;
        fn verdict_of_uid(uid: Uuid) -> Option<(DeviceId, Verdict)>;
        fn remember(row: &Processed<'_>) -> ();
        fn had_session(device: DeviceId, staff: StaffId) -> bool;
        fn gather(subjects: &[Subject]) -> Gathered;
        fn company(device: DeviceId, actors: &[StaffId]) -> Company;
        fn verdicts_of_uids(uids: &[Uuid]) -> HashMap<Uuid, (DeviceId, Verdict)>;
        fn update_appointments(rows: &[(Appointment, Stored<Appointment>)]) -> ();
        fn update_orders(rows: &[(Order, (i32, Stored<Order>))]) -> ();
        fn remember_all(rows: &[Processed<'_>]) -> ();
    }

    async fn mark_all(&mut self, _rows: &[(Kind, Uuid, Scope)]) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Effecting for Silent<Tx> {
    passed_on! {
        fn savepoint(name: &'static str) -> ();
        fn rollback_to(name: &'static str) -> ();
        fn epoch() -> Uuid;
        fn person(id: StaffId) -> Option<Person>;
        fn person_named(username: &str) -> Option<Person>;
        fn station(id: StationId) -> Option<Station>;
        fn slot_at(station: StationId, at: DateTime<Utc>) -> Option<Slot>;
        fn customer_by_phone(phone: &str) -> Option<UserId>;
        fn any_refused(uids: &[Uuid]) -> bool;
        fn dispute(new: &NewDispute<'_>) -> ();
        fn superseded_at(city: &str, version: i64, now: DateTime<Utc>) -> Option<DateTime<Utc>>;
        fn newest_book(city: &str) -> Newest;
        fn insert_book(book: &PriceBook, now: DateTime<Utc>) -> ();
    }

    fn new_id(&mut self) -> Uuid {
        self.0.new_id()
    }
}

impl VisitRows for Silent<Tx> {
    passed_on! {
        fn lock_appointment(id: AppointmentId) -> Option<Stored<Appointment>>;
        fn lock_order(id: OrderId) -> Option<(i32, Stored<Order>)>;
        fn appointment_of(order: OrderId) -> Option<AppointmentId>;
        fn update_appointment(before: &Appointment, after: &Stored<Appointment>) -> ();
        fn update_order(month: i32, before: &Order, after: &Stored<Order>) -> ();
        fn insert_appointment(new: &Stored<Appointment>) -> ();
        fn insert_order(route: Route, new: &Stored<Order>) -> ();
        fn take_place(station: StationId, slot: &Slot) -> bool;
        fn occupy_place(station: StationId, slot: &Slot) -> ();
        fn release_place(station: StationId, slot: &Slot) -> ();
        fn tell_customer(before: Option<&Visit>, after: &Visit) -> ();
        fn tell_customers(steps: &[(Option<Visit>, Visit)]) -> ();
    }

    async fn mark(&mut self, _kind: Kind, _id: Uuid, _scopes: &[Scope]) -> Result<(), StoreError> {
        Ok(())
    }
}
