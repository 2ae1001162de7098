//! What a push asks of a database inside its transaction: the device's progress, what commands look up, the rows of
//! visits. See [`super::ports`].

use super::gathered::{Gathered, orders_named};
use crate::store::{
    StoreError, appointments::Stored, devices::Progress, disputed::NewDispute,
    mutations::Processed, orders::Route, price_books::Newest, staff::Person,
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    appointment::{Appointment, Slot},
    command::Subject,
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
use std::{collections::HashMap, future::Future};
use uuid::Uuid;

/// Who may have made the commands of a push, and the history they come to.
#[derive(Debug, Clone, Default)]
pub struct Company {
    /// The history.
    pub epoch: Uuid,
    /// Those of the people asked for who ever had a session on the device.
    pub people: HashMap<StaffId, Person>,
}

/// What a push begins with.
#[derive(Debug, Clone)]
pub struct Opening {
    /// How far the device's mutations have come, its row locked.
    pub progress: Progress,
    /// The verdicts on those of its unique ids that are known, each with the device it came from.
    pub known: HashMap<Uuid, (DeviceId, Verdict)>,
    /// Who may have made its commands.
    pub company: Company,
}

/// What a push needs inside its transaction.
pub trait Pushing: Effecting {
    /// How far the device's mutations have come, its row locked.
    fn lock_progress(
        &mut self,
        device: DeviceId,
    ) -> impl Future<Output = Result<Progress, StoreError>> + Send;
    /// Writes how far they have come.
    fn advance(
        &mut self,
        device: DeviceId,
        progress: Progress,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// The stored verdict on a device's mutation, and the unique id it was given to.
    fn verdict(
        &mut self,
        device: DeviceId,
        incarnation: i64,
        id: i64,
    ) -> impl Future<Output = Result<Option<(Option<Uuid>, Verdict)>, StoreError>> + Send;
    /// The verdict on a mutation by its unique id, with the device it came from.
    fn verdict_of_uid(
        &mut self,
        uid: Uuid,
    ) -> impl Future<Output = Result<Option<(DeviceId, Verdict)>, StoreError>> + Send;
    /// Remembers a mutation with its verdict; a duplicate where its number or unique id is known.
    fn remember(
        &mut self,
        row: &Processed<'_>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Whether a person ever had a session on a device.
    fn had_session(
        &mut self,
        device: DeviceId,
        staff: StaffId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    // Several of these calls at once; who cannot do better makes them one by one.

    /// The visits that commands are about, locked: appointments by id, then orders by id, so that two of these never
    /// wait for each other.
    fn gather(
        &mut self,
        subjects: &[Subject],
    ) -> impl Future<Output = Result<Gathered, StoreError>> + Send {
        async move {
            let mut rows = Gathered::default();
            for order in orders_named(subjects) {
                let appointment = self.appointment_of(order).await?;
                rows.belongs.insert(order, appointment);
            }
            for id in rows.appointments_of(subjects) {
                let row = self.lock_appointment(id).await?;
                rows.appointments.insert(id, row);
            }
            for id in rows.orders_of(subjects) {
                let row = self.lock_order(id).await?;
                rows.orders.insert(id, row);
            }
            Ok(rows)
        }
    }
    /// The history, and those of these people who ever had a session on the device.
    fn company(
        &mut self,
        device: DeviceId,
        actors: &[StaffId],
    ) -> impl Future<Output = Result<Company, StoreError>> + Send {
        async move {
            let mut company = Company {
                epoch: self.epoch().await?,
                people: HashMap::new(),
            };
            for id in actors {
                if self.had_session(device, *id).await?
                    && let Some(person) = self.person(*id).await?
                {
                    company.people.insert(*id, person);
                }
            }
            Ok(company)
        }
    }

    /// What a push begins with.
    fn opening(
        &mut self,
        device: DeviceId,
        uids: &[Uuid],
        actors: &[StaffId],
    ) -> impl Future<Output = Result<Opening, StoreError>> + Send {
        async move {
            Ok(Opening {
                progress: self.lock_progress(device).await?,
                known: self.verdicts_of_uids(uids).await?,
                company: self.company(device, actors).await?,
            })
        }
    }
    /// The verdicts on those of these unique ids that are known, each with the device it came from.
    fn verdicts_of_uids(
        &mut self,
        uids: &[Uuid],
    ) -> impl Future<Output = Result<HashMap<Uuid, (DeviceId, Verdict)>, StoreError>> + Send {
        async move {
            let mut known = HashMap::new();
            for uid in uids {
                if let Some(verdict) = self.verdict_of_uid(*uid).await? {
                    known.insert(*uid, verdict);
                }
            }
            Ok(known)
        }
    }
    /// Writes what changed of locked appointments, as they were and as they are to be.
    fn update_appointments(
        &mut self,
        rows: &[(Appointment, Stored<Appointment>)],
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move {
            for (before, after) in rows {
                self.update_appointment(before, after).await?;
            }
            Ok(())
        }
    }
    /// Writes what changed of locked orders, their children by difference.
    fn update_orders(
        &mut self,
        rows: &[(Order, (i32, Stored<Order>))],
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move {
            for (before, (month, after)) in rows {
                self.update_order(*month, before, after).await?;
            }
            Ok(())
        }
    }
    /// Marks aggregates dirty in scopes.
    fn mark_all(
        &mut self,
        rows: &[(Kind, Uuid, Scope)],
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move {
            for (kind, id, scope) in rows {
                self.mark(*kind, *id, std::slice::from_ref(scope)).await?;
            }
            Ok(())
        }
    }
    /// Remembers mutations with their verdicts; a duplicate where a number or unique id is known.
    fn remember_all(
        &mut self,
        rows: &[Processed<'_>],
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move {
            for row in rows {
                self.remember(row).await?;
            }
            Ok(())
        }
    }
}

/// What a command looks up and writes to take effect, besides the visit itself.
pub trait Effecting: VisitRows {
    /// Sets a savepoint.
    fn savepoint(
        &mut self,
        name: &'static str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Undoes everything since the savepoint.
    fn rollback_to(
        &mut self,
        name: &'static str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// A new id of this moment.
    fn new_id(&mut self) -> Uuid;
    /// Which history this is; nil where there is only one for ever.
    fn epoch(&mut self) -> impl Future<Output = Result<Uuid, StoreError>> + Send {
        async { Ok(Uuid::nil()) }
    }
    /// A member of staff.
    fn person(
        &mut self,
        id: StaffId,
    ) -> impl Future<Output = Result<Option<Person>, StoreError>> + Send;
    /// A member of staff by user name.
    fn person_named(
        &mut self,
        username: &str,
    ) -> impl Future<Output = Result<Option<Person>, StoreError>> + Send;
    /// A depot.
    fn station(
        &mut self,
        id: StationId,
    ) -> impl Future<Output = Result<Option<Station>, StoreError>> + Send;
    /// The open slot of a depot that a time lies in, of a day whose rows have been made.
    fn slot_at(
        &mut self,
        station: StationId,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<Option<Slot>, StoreError>> + Send;
    /// The customer with this mobile number.
    fn customer_by_phone(
        &mut self,
        phone: &str,
    ) -> impl Future<Output = Result<Option<UserId>, StoreError>> + Send;
    /// Whether any of these mutations was refused.
    fn any_refused(
        &mut self,
        uids: &[Uuid],
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Keeps a disputed fact.
    fn dispute(
        &mut self,
        new: &NewDispute<'_>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// When the version after this one of a city's price book came into force, if it did by `now`.
    fn superseded_at(
        &mut self,
        city: &str,
        version: i64,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Option<DateTime<Utc>>, StoreError>> + Send;
    /// The newest version of a city's price book.
    fn newest_book(
        &mut self,
        city: &str,
    ) -> impl Future<Output = Result<Newest, StoreError>> + Send;
    /// Publishes a price book that has been verified.
    fn insert_book(
        &mut self,
        book: &PriceBook,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The rows of visits: what [`crate::store::visits`] needs to lock, save and insert them.
pub trait VisitRows: Send {
    /// The appointment, locked.
    fn lock_appointment(
        &mut self,
        id: AppointmentId,
    ) -> impl Future<Output = Result<Option<Stored<Appointment>>, StoreError>> + Send;
    /// The order, locked, with the month it lies in.
    fn lock_order(
        &mut self,
        id: OrderId,
    ) -> impl Future<Output = Result<Option<(i32, Stored<Order>)>, StoreError>> + Send;
    /// Which appointment an order belongs to; it never changes.
    fn appointment_of(
        &mut self,
        order: OrderId,
    ) -> impl Future<Output = Result<Option<AppointmentId>, StoreError>> + Send;
    /// Writes what changed of a locked appointment.
    fn update_appointment(
        &mut self,
        before: &Appointment,
        after: &Stored<Appointment>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Writes what changed of a locked order, its children by difference.
    fn update_order(
        &mut self,
        month: i32,
        before: &Order,
        after: &Stored<Order>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// A new appointment; a duplicate where its id exists.
    fn insert_appointment(
        &mut self,
        new: &Stored<Appointment>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// A new order; a duplicate where an id in it exists.
    fn insert_order(
        &mut self,
        route: Route,
        new: &Stored<Order>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Marks an aggregate dirty in these scopes.
    fn mark(
        &mut self,
        kind: Kind,
        id: Uuid,
        scopes: &[Scope],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Takes a place in a slot; false where none is left.
    fn take_place(
        &mut self,
        station: StationId,
        slot: &Slot,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Takes a place whether or not one is left.
    fn occupy_place(
        &mut self,
        station: StationId,
        slot: &Slot,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Gives a place back.
    fn release_place(
        &mut self,
        station: StationId,
        slot: &Slot,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Tells the customer what has changed for them.
    fn tell_customer(
        &mut self,
        before: Option<&Visit>,
        after: &Visit,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Tells the customers of several visits, step by step.
    fn tell_customers(
        &mut self,
        steps: &[(Option<Visit>, Visit)],
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move {
            for (before, after) in steps {
                self.tell_customer(before.as_ref(), after).await?;
            }
            Ok(())
        }
    }
}
