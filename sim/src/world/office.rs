//! Everybody who writes to the server without a device: customers through the mini-program, dispatchers at their desks,
//! and whoever moves people between depots. As the server's API does it: lock, permit, decide, save.

use super::acts::short;
use crate::{
    chance::Chance,
    executor::{Executor, Node, SECOND},
    ledger::{
        SimLedger,
        pushing::slot_of,
        rows::{self, Key, Places, Row},
    },
    server::true_time,
    trace::Trace,
};
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{
    appointment::{Address, Contact},
    booking::Booking,
    command::Assign,
    command::{Cancel, Command, OfAppointment, Reschedule},
    ids::{AppointmentId, DeviceId, OrderId, QuoteId, StaffId, StationId, UserId, uuid_v7},
    money::Fen,
    price_book::PriceBook,
    quote::{BookRef, Quote, QuoteKind, QuoteLine},
    staff::{Actor, Role, Staff},
    sync::revocation::Mode,
    visit::{Act, Opening, Party, permit},
};
use huishou_server::{
    store::{StoreError, WriteError, orders::Route, visits},
    write_tx,
};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

/// The product's own people at their desks.
pub const DESK: StaffId = StaffId(Uuid::from_u128(0xD0));

/// Who writes without a device.
#[derive(Clone)]
pub struct Office {
    /// The database.
    pub ledger: SimLedger,
    /// Time.
    pub executor: Executor,
    /// Chance.
    pub chance: Chance,
    /// Events.
    pub trace: Trace,
    /// The price book.
    pub book: Arc<PriceBook>,
    /// Depots that take bookings.
    pub stations: Arc<Vec<StationId>>,
    /// Collectors.
    pub collectors: Arc<Vec<StaffId>>,
}

/// A refusal or the database's error.
#[derive(Debug)]
struct Stop(Option<StoreError>);

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self(Some(error))
    }
}

impl WriteError for Stop {
    fn is_busy(&self) -> bool {
        self.0.as_ref().is_some_and(StoreError::is_busy)
    }
}

impl Office {
    fn now(&self) -> DateTime<Utc> {
        true_time(&self.executor)
    }

    fn id(&self) -> Uuid {
        uuid_v7(self.now(), self.chance.bytes())
    }

    /// Somebody does something.
    pub async fn act(&self) {
        let what = match self.chance.below(20) {
            0..7 => self.book().await,
            7..13 => self.on_some_visit(|office, id| office.assign(id)).await,
            13 | 14 => self.on_some_visit(|office, id| office.reschedule(id)).await,
            15 => self.on_some_visit(|office, id| office.cancel(id)).await,
            16 | 17 => {
                self.on_some_visit(|_, id| {
                    Some(Command::Confirm(Box::new(OfAppointment {
                        appointment_id: id,
                    })))
                })
                .await
            }
            18 => self.move_person().await,
            _ => self.rename_station().await,
        };
        if let Some(what) = what {
            self.trace.note(Node::WORLD, what);
        }
    }

    /// An administrator shuts a device out; one whom the database lets down tries again.
    pub async fn shut_out(&self, device: DeviceId, mode: Mode) {
        for _ in 0..20 {
            let at = self.now();
            let done: Result<(), Stop> =
                write_tx!(&self.ledger, |tx| Ok(tx.shut_out(device, mode, at).await?));
            if done.is_ok() {
                let what = format!("{} is shut out: {}", device, mode.as_str());
                self.trace.note(Node::WORLD, what);
                return;
            }
            self.executor.sleep(10 * SECOND).await;
        }
    }

    /// A customer books.
    pub async fn book(&self) -> Option<String> {
        let station = *self.chance.pick(&self.stations)?;
        let at = self.now() + TimeDelta::hours(self.chance.between(1, 48));
        let slot = slot_of(at);
        self.ledger.make(
            Key::Slot(station.0, slot.date.clone(), slot.start.clone()),
            || {
                Row::Places(Places {
                    capacity: 3,
                    taken: 0,
                })
            },
        );
        let opening = Opening {
            id: AppointmentId(self.id()),
            order_id: OrderId(self.id()),
            user_id: Some(UserId(Uuid::from_u128(0xC1))),
            station_id: station,
            slot,
            estimate: self.estimate(),
            at: self.now(),
        };
        let (appointment, order) = (opening.id, opening.order_id);
        let items = opening.estimate.items.clone();
        let visit = opening.open(Booking {
            city: self.book.city.clone(),
            items,
            address: Address {
                division: "330106".into(),
                detail: "文三路 90 号".into(),
                lng: None,
                lat: None,
            },
            contact: Contact {
                name: "王女士".into(),
                phone: "13800002046".into(),
            },
            appointment_time: at,
            note: String::new(),
            photos: Vec::new(),
        });
        let route = Route::of(order, self.now());
        let booked: Result<(), StoreError> = write_tx!(&self.ledger, |tx| visits::insert(
            tx,
            route,
            &visit,
            Uuid::from_u128(0xC1)
        )
        .await);
        booked.ok()?;
        if self.chance.permille(700)
            && let Some(assign) = self.assign(appointment)
        {
            self.command(assign).await;
        }
        Some(format!("booked {}", short(Some(order.0))))
    }

    fn estimate(&self) -> Quote {
        let amount = Fen::from_fen(3_300);
        let items = json!([{"category": "paper/cardboard", "quantity": "30"}]);
        Quote {
            id: QuoteId(self.id()),
            kind: QuoteKind::Estimate,
            book: BookRef {
                city: self.book.city.clone(),
                version: i64::from(self.book.version),
                hash: self.book.hash.clone(),
            },
            items: serde_json::from_value(items).unwrap_or_default(),
            lines: vec![QuoteLine {
                category: "paper/cardboard".into(),
                quantity: "30".into(),
                unit_price: "1.1".into(),
                applied: Vec::new(),
                amount,
            }],
            total: amount,
            adjustments: Vec::new(),
            due: amount,
            gap_reasons: Vec::new(),
            trace: Vec::new(),
            created_at: self.now(),
        }
    }

    async fn on_some_visit(
        &self,
        make: impl Fn(&Self, AppointmentId) -> Option<Command> + Send,
    ) -> Option<String> {
        let tables = self.ledger.tables();
        let ids: Vec<AppointmentId> = rows::appointments(&tables).map(|a| a.body.id).collect();
        drop(tables);
        let command = make(self, *self.chance.pick(&ids)?)?;
        let name = command.name();
        self.command(command).await.then(|| format!("desk: {name}"))
    }

    /// Somebody at a desk looks at the same visit that a device works on, and acts on it a moment later.
    pub async fn meddle(self, id: AppointmentId) {
        self.executor.sleep(self.chance.below(2 * SECOND)).await;
        let command = match self.chance.below(4) {
            0..2 => self.assign(id),
            2 => self.reschedule(id),
            _ => Some(Command::Confirm(Box::new(OfAppointment {
                appointment_id: id,
            }))),
        };
        if let Some(command) = command {
            let name = command.name();
            if self.command(command).await {
                self.trace
                    .note(Node::WORLD, format!("desk, meanwhile: {name}"));
            }
        }
    }

    fn assign(&self, appointment_id: AppointmentId) -> Option<Command> {
        let assignee = Some(*self.chance.pick(&self.collectors)?);
        Some(Command::Assign(Box::new(Assign {
            appointment_id,
            assignee,
        })))
    }

    fn reschedule(&self, appointment_id: AppointmentId) -> Option<Command> {
        let at = self.now() + TimeDelta::hours(self.chance.between(1, 48));
        let tables = self.ledger.tables();
        let row = tables.get(&Key::Appointment(appointment_id.0));
        let station = rows::appointment(row)?.body.station_id;
        let slot = slot_of(at);
        self.ledger
            .make(Key::Slot(station.0, slot.date, slot.start), || {
                Row::Places(Places {
                    capacity: 3,
                    taken: 0,
                })
            });
        Some(Command::Reschedule(Box::new(Reschedule {
            appointment_id,
            appointment_time: at,
        })))
    }

    fn cancel(&self, appointment_id: AppointmentId) -> Option<Command> {
        Some(Command::Cancel(Box::new(Cancel {
            appointment_id,
            reason: "other".into(),
            text: None,
        })))
    }

    async fn command(&self, command: Command) -> bool {
        let actor = Actor {
            id: DESK,
            role: Role::Dispatcher,
            station: None,
        };
        let party = if self.chance.permille(300) && !matches!(command, Command::Assign(_)) {
            Party::Customer(UserId(Uuid::from_u128(0xC1)))
        } else {
            Party::Staff(actor)
        };
        let writer = match party {
            Party::Customer(user) => user.0,
            _ => DESK.0,
        };
        let mut act = Act::new(party, self.now());
        if let Command::Reschedule(args) = &command {
            act.slot = Some(slot_of(args.appointment_time));
        }
        let done: Result<(), Stop> = write_tx!(&self.ledger, |tx| {
            let locked = visits::lock(tx, command.subject())
                .await?
                .ok_or(Stop(None))?;
            permit(&locked.visit, &command, &party).map_err(|_| Stop(None))?;
            let mut visit = locked.visit.clone();
            visit.apply(&command, &act).map_err(|_| Stop(None))?;
            visits::save(tx, &locked, &visit, writer).await?;
            Ok(())
        });
        done.is_ok()
    }

    /// Somebody works at another depot from now on, or as something else.
    async fn move_person(&self) -> Option<String> {
        let id = *self.chance.pick(&self.collectors)?;
        let to = *self.chance.pick(&self.stations)?;
        let moved: Result<bool, StoreError> = write_tx!(&self.ledger, |tx| {
            tx.change_person(id, |staff: &mut Staff| staff.station_id = Some(to))
                .await
        });
        moved
            .ok()?
            .then(|| format!("{} moves to {}", short(Some(id.0)), short(Some(to.0))))
    }

    async fn rename_station(&self) -> Option<String> {
        let id = *self.chance.pick(&self.stations)?;
        let name = format!("站{}", self.chance.below(100));
        let done: Result<(), StoreError> =
            write_tx!(&self.ledger, |tx| tx.rename_station(id, &name).await);
        done.ok()?;
        Some(format!("depot {} has another name", short(Some(id.0))))
    }
}
