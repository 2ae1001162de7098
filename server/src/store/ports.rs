//! The sync core's ports over MySQL: each call is one function of this folder, on one transaction or snapshot.

use super::{
    Db, Snapshot, StoreError, Tx, appointments, appointments::Stored, bulk, contacts, devices,
    devices::Progress, dirty, disputed, disputed::NewDispute, gather, messages, mutations,
    mutations::Processed, orders, orders::Route, price_books, price_books::Newest, slots as places,
    staff, staff::Person, stations, sync_head, sync_log, users,
};
use crate::{
    app::App,
    problem::Problem,
    slots,
    sync::{
        catalogue,
        gathered::Gathered,
        ports::{
            Company, Effecting, Host, Ledger, Look, Opening, Place, Prepared, Pushing, VisitRows,
        },
    },
};
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
use rand::Rng;
use std::{collections::HashMap, time::Duration};
use tracing::Instrument;
use uuid::Uuid;

impl Ledger for Db {
    type Tx = Tx;
    type Snapshot = Snapshot;

    async fn begin(&self) -> Result<Tx, StoreError> {
        Self::begin(self).await
    }

    async fn commit(&self, tx: Tx) -> Result<(), StoreError> {
        Self::commit(self, tx).await
    }

    async fn rollback(&self, tx: Tx) {
        tx.rollback().await;
    }

    /// 5 ms, doubling, with as much jitter again: enough to break the step of two that deadlock each other.
    async fn pause(&self, tries: u32) {
        let base = 5_u64 << tries.min(6);
        let jitter = rand::rng().random_range(0..=base);
        tokio::time::sleep(Duration::from_millis(base + jitter)).await;
    }

    async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Self::snapshot(self).await
    }

    async fn anything_pending(&self) -> Result<bool, StoreError> {
        sync_log::anything_pending(&mut *self.sequencing().await?).await
    }

    async fn progress(&self, device: DeviceId) -> Result<Progress, StoreError> {
        devices::progress(&mut *self.read().await?, device).await
    }

    fn tag(&self) -> [u8; 16] {
        rand::random()
    }

    async fn begin_sequencing(&self) -> Result<Tx, StoreError> {
        Self::begin_sequencing(self).await
    }

    async fn snapshot_of_now(&self) -> Result<Snapshot, StoreError> {
        Self::snapshot_of_now(self).await
    }

    async fn epoch(&self) -> Result<Uuid, StoreError> {
        Ok(sync_head::read(&mut *self.read().await?).await?.epoch)
    }

    async fn look(
        &self,
        device: DeviceId,
        staff: StaffId,
        place: &Place,
    ) -> Result<Look, StoreError> {
        contacts::look(&mut *self.read().await?, device, staff, place).await
    }

    async fn rotate_epoch(&self, old: Uuid, new: Uuid) -> Result<bool, StoreError> {
        sync_head::rotate(&mut *self.read().await?, old, new).await
    }
}

impl Pushing for Tx {
    async fn lock_progress(&mut self, device: DeviceId) -> Result<Progress, StoreError> {
        devices::lock_progress(self.conn(), device).await
    }

    async fn company(
        &mut self,
        device: DeviceId,
        actors: &[StaffId],
    ) -> Result<Company, StoreError> {
        contacts::company(self.conn(), device, actors).await
    }

    async fn advance(&mut self, device: DeviceId, progress: Progress) -> Result<(), StoreError> {
        self.last(devices::advance_text(device, progress));
        Ok(())
    }

    async fn verdict(
        &mut self,
        device: DeviceId,
        incarnation: i64,
        id: i64,
    ) -> Result<Option<(Option<Uuid>, Verdict)>, StoreError> {
        mutations::verdict(self.conn(), device, incarnation, id).await
    }

    async fn verdict_of_uid(
        &mut self,
        uid: Uuid,
    ) -> Result<Option<(DeviceId, Verdict)>, StoreError> {
        mutations::verdict_of_uid(self.conn(), uid).await
    }

    async fn remember(&mut self, row: &Processed<'_>) -> Result<(), StoreError> {
        mutations::insert(self.conn(), std::slice::from_ref(row)).await
    }

    async fn had_session(&mut self, device: DeviceId, staff: StaffId) -> Result<bool, StoreError> {
        devices::had_session(self.conn(), device, staff).await
    }

    async fn gather(&mut self, subjects: &[Subject]) -> Result<Gathered, StoreError> {
        gather::gather(self, subjects).await
    }

    async fn opening(
        &mut self,
        device: DeviceId,
        uids: &[Uuid],
        actors: &[StaffId],
    ) -> Result<Opening, StoreError> {
        contacts::opening(self.conn(), device, uids, actors).await
    }

    async fn verdicts_of_uids(
        &mut self,
        uids: &[Uuid],
    ) -> Result<HashMap<Uuid, (DeviceId, Verdict)>, StoreError> {
        mutations::verdicts_of_uids(self.conn(), uids).await
    }

    async fn update_appointments(
        &mut self,
        rows: &[(Appointment, Stored<Appointment>)],
    ) -> Result<(), StoreError> {
        bulk::update_appointments(self, rows).await
    }

    async fn update_orders(
        &mut self,
        rows: &[(Order, (i32, Stored<Order>))],
    ) -> Result<(), StoreError> {
        bulk::update_orders(self, rows).await
    }

    async fn mark_all(&mut self, rows: &[(Kind, Uuid, Scope)]) -> Result<(), StoreError> {
        dirty::mark_all(self, rows)
    }

    async fn remember_all(&mut self, rows: &[Processed<'_>]) -> Result<(), StoreError> {
        match mutations::insert_text(rows)? {
            Some(statement) => self.last(statement),
            None => mutations::insert(self.conn(), rows).await?,
        }
        Ok(())
    }
}

impl Effecting for Tx {
    async fn savepoint(&mut self, name: &'static str) -> Result<(), StoreError> {
        Self::savepoint(self, name).await
    }

    async fn rollback_to(&mut self, name: &'static str) -> Result<(), StoreError> {
        Self::rollback_to(self, name).await
    }

    fn new_id(&mut self) -> Uuid {
        Uuid::now_v7()
    }

    async fn epoch(&mut self) -> Result<Uuid, StoreError> {
        Ok(sync_head::read(self.conn()).await?.epoch)
    }

    async fn person(&mut self, id: StaffId) -> Result<Option<Person>, StoreError> {
        staff::find(self.conn(), id).await
    }

    async fn person_named(&mut self, username: &str) -> Result<Option<Person>, StoreError> {
        staff::find_by_username(self.conn(), username).await
    }

    async fn station(&mut self, id: StationId) -> Result<Option<Station>, StoreError> {
        stations::load(self.conn(), id).await
    }

    async fn slot_at(
        &mut self,
        station: StationId,
        at: DateTime<Utc>,
    ) -> Result<Option<Slot>, StoreError> {
        slots::made_slot_at(self, station, at).await
    }

    async fn customer_by_phone(&mut self, phone: &str) -> Result<Option<UserId>, StoreError> {
        users::by_phone(self.conn(), phone).await
    }

    async fn any_refused(&mut self, uids: &[Uuid]) -> Result<bool, StoreError> {
        mutations::any_refused(self.conn(), uids).await
    }

    async fn dispute(&mut self, new: &NewDispute<'_>) -> Result<(), StoreError> {
        disputed::insert(self.conn(), new).await
    }

    async fn superseded_at(
        &mut self,
        city: &str,
        version: i64,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        price_books::superseded_at(self.conn(), city, version, now).await
    }

    async fn newest_book(&mut self, city: &str) -> Result<Newest, StoreError> {
        price_books::newest(self.conn(), city).await
    }

    async fn insert_book(
        &mut self,
        book: &PriceBook,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        price_books::insert(self, book, now).await
    }
}

impl VisitRows for Tx {
    async fn lock_appointment(
        &mut self,
        id: AppointmentId,
    ) -> Result<Option<Stored<Appointment>>, StoreError> {
        appointments::lock(self, id).await
    }

    async fn lock_order(
        &mut self,
        id: OrderId,
    ) -> Result<Option<(i32, Stored<Order>)>, StoreError> {
        orders::lock(self, id).await
    }

    async fn appointment_of(
        &mut self,
        order: OrderId,
    ) -> Result<Option<AppointmentId>, StoreError> {
        appointments::id_of_order(self.conn(), order.0).await
    }

    async fn update_appointment(
        &mut self,
        before: &Appointment,
        after: &Stored<Appointment>,
    ) -> Result<(), StoreError> {
        appointments::update(self, before, after).await
    }

    async fn update_order(
        &mut self,
        month: i32,
        before: &Order,
        after: &Stored<Order>,
    ) -> Result<(), StoreError> {
        orders::update(self, month, before, after).await
    }

    async fn insert_appointment(&mut self, new: &Stored<Appointment>) -> Result<(), StoreError> {
        appointments::insert(self, new).await
    }

    async fn insert_order(&mut self, route: Route, new: &Stored<Order>) -> Result<(), StoreError> {
        orders::insert(self, route, new).await
    }

    async fn mark(&mut self, kind: Kind, id: Uuid, scopes: &[Scope]) -> Result<(), StoreError> {
        dirty::mark(self, kind, id, scopes)
    }

    async fn take_place(&mut self, station: StationId, slot: &Slot) -> Result<bool, StoreError> {
        places::take(self, station, slot).await
    }

    async fn occupy_place(&mut self, station: StationId, slot: &Slot) -> Result<(), StoreError> {
        places::occupy(self, station, slot).await
    }

    async fn release_place(&mut self, station: StationId, slot: &Slot) -> Result<(), StoreError> {
        places::release(self, station, slot).await
    }

    async fn tell_customer(
        &mut self,
        before: Option<&Visit>,
        after: &Visit,
    ) -> Result<(), StoreError> {
        messages::tell_customer(self, before, after).await
    }

    async fn tell_customers(&mut self, steps: &[(Option<Visit>, Visit)]) -> Result<(), StoreError> {
        messages::tell_customers(self, steps)
    }
}

impl Host for App {
    type Ledger = Db;

    fn ledger(&self) -> &Db {
        &self.db
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    async fn prepare(&self, command: &Command) -> Result<Prepared, Problem> {
        let route = match command.subject() {
            Subject::NewTicket(id) | Subject::NewAppointment(_, id) => {
                Some(self.db.route_new_order(id, self.clock.now()).await?)
            }
            _ => None,
        };
        if let Command::Reschedule(args) = command {
            slots::prepare(
                &self.db,
                args.appointment_id,
                args.appointment_time,
                self.clock.now(),
            )
            .await?;
        }
        let depot = match command {
            Command::Create(args) => {
                let (division, at) = (args.address.division.trim(), args.appointment_time);
                slots::prepare_booking(&self.db, division, at, self.clock.now()).await?
            }
            _ => None,
        };
        let book = match (catalogue::named_book(command), &depot) {
            (Some(named), _) => {
                self.books
                    .version(&self.db, &named.city, named.version)
                    .await?
            }
            (None, Some(depot)) => {
                self.books
                    .in_force(&self.db, &depot.city, self.clock.now())
                    .await?
            }
            (None, None) => None,
        };
        Ok(Prepared { book, depot, route })
    }

    async fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, String> {
        tokio::spawn(work.in_current_span())
            .await
            .map_err(|panic| panic.to_string())
    }
}
