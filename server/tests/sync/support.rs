//! A server's inside with a small city, and devices that sync with it as `huishou-device` does, for tests.

use blackbox::Database;
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{
    appointment::{Address, Appointment, AppointmentStatus, Contact, Slot},
    ids::{AppointmentId, DeviceId, OrderId, QuoteId, StaffId, StationId, UserId},
    money::Fen,
    order::Order,
    price_book,
    quote::{BookRef, Item, Quote, QuoteKind},
    staff::{Role, Staff, Station},
    sync::{
        check::Check,
        message::{PullAnswer, PullRequest, PushAnswer, PushRequest, SCHEMA, Verdict},
        scope::{Kind, Scope},
    },
    visit::Visit,
};
use huishou_server::{
    app::{App, State},
    config::Config,
    problem::Problem,
    store::{devices, devices::Device, migrations, price_books, slots, staff, stations, visits},
    sync::{pull, pull::Caller, push, sequencer},
    write_tx,
};
use serde_json::{Value, json, value::RawValue};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// The demo city's division code.
pub const CITY: &str = "330100";

/// Where the newest version of the app is, as the server is told.
pub const DOWNLOAD: &str = "https://example.cn/huishou";

/// A server's state on a database of its own, with two stations and their people.
#[derive(Clone)]
pub struct Ground {
    pub app: App,
    pub west: StationId,
    pub east: StationId,
    pub admin: StaffId,
    pub clerk: StaffId,
    pub zhang: StaffId,
    pub li: StaffId,
}

impl Ground {
    pub async fn on(database: &Database) -> Self {
        let environment = [
            ("HUISHOU_DATABASE_URL", database.url()),
            ("HUISHOU_DEV", "1".to_owned()),
            ("HUISHOU_DOWNLOAD_URL", DOWNLOAD.to_owned()),
            ("HUISHOU_GUARD_USER_RATE", "0".to_owned()),
        ];
        let config = Config::of(
            None,
            environment.into_iter().map(|(k, v)| (k.to_owned(), v)),
        )
        .unwrap();
        let app = State::new(config).unwrap();
        migrations::migrate(&app.db).await.unwrap();
        app.db.ensure_months_ahead(app.now()).await.unwrap();
        let (west, east) = (
            station(&app, "west", "330106").await,
            station(&app, "east", "330105").await,
        );
        for at in [west, east] {
            let done: Result<(), Problem> = async {
                write_tx!(&app.db, |tx| Ok(slots::set_day(
                    tx,
                    at,
                    &tomorrow(),
                    100_000
                )
                .await?))
            }
            .await;
            done.unwrap();
        }
        let admin = person(&app, "admin", Role::Admin, None).await;
        let clerk = person(&app, "clerk", Role::Station, Some(west)).await;
        let zhang = person(&app, "zhang", Role::Collector, Some(west)).await;
        let li = person(&app, "li", Role::Collector, Some(west)).await;
        let book = price_book::demo();
        let now = app.now();
        let done: Result<(), Problem> = write_tx_in(&app, book, now).await;
        done.unwrap();
        Self {
            app,
            west,
            east,
            admin,
            clerk,
            zhang,
            li,
        }
    }

    /// A confirmed appointment of tomorrow at the west station.
    pub async fn booking(&self, assignee: Option<StaffId>) -> Booked {
        self.booking_at(self.west, assignee).await
    }

    pub async fn booking_at(&self, station: StationId, assignee: Option<StaffId>) -> Booked {
        let visit = visit(station, assignee, self.app.now());
        let booked = Booked {
            appointment: visit.appointment.as_ref().unwrap().id,
            order: visit.order.id,
        };
        self.insert(&visit).await;
        booked
    }

    pub async fn insert(&self, visit: &Visit) {
        let route = self
            .app
            .db
            .route_new_order(visit.order.id, self.app.now())
            .await
            .unwrap();
        let writer = visit.order.user_id.unwrap().0;
        let done: Result<(), Problem> = insert_visit(&self.app, route, visit, writer).await;
        done.unwrap();
    }

    /// A device registered at the west station, with a session of this person.
    pub async fn device(&self, staff: StaffId) -> Phone {
        let now = self.app.now();
        let device = Device {
            id: Uuid::now_v7(),
            name: "test".to_owned(),
            platform: "linux".to_owned(),
            public_key: [
                Uuid::now_v7().as_bytes().as_slice(),
                Uuid::now_v7().as_bytes(),
            ]
            .concat(),
            station_id: Some(self.west.0),
            registered_at: now,
            last_seen_at: now,
            revoked_at: None,
        };
        let done: Result<(), Problem> = register(&self.app, &device, staff, now).await;
        done.unwrap();
        Phone::new(
            self.app.clone(),
            Caller {
                device: DeviceId(device.id),
                staff,
            },
        )
    }

    /// Lets a second person sign in on a device.
    pub async fn sign_in(&self, phone: &Phone, staff: StaffId) {
        let (id, now) = (phone.caller.device, self.app.now());
        devices::note_session(&mut self.app.db.read().await.unwrap(), id, staff, now)
            .await
            .unwrap();
    }

    /// Gives numbers to everything that waits.
    pub async fn sequence(&self) {
        while sequencer::sequence(&self.app.db).await.unwrap() > 0 {}
    }

    /// The visit of an appointment or ticket as the server has it.
    pub async fn visit(&self, order: OrderId) -> Visit {
        let mut tx = self.app.db.begin().await.unwrap();
        visits::lock(&mut tx, huishou_domain::command::Subject::Order(order))
            .await
            .unwrap()
            .unwrap()
            .visit
    }
}

async fn write_tx_in(
    app: &App,
    book: price_book::PriceBook,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    write_tx!(&app.db, |tx| Ok(price_books::insert(tx, &book, now).await?))
}

async fn insert_visit(
    app: &App,
    route: huishou_server::store::orders::Route,
    visit: &Visit,
    writer: Uuid,
) -> Result<(), Problem> {
    write_tx!(&app.db, |tx| Ok(
        visits::insert(tx, route, visit, writer).await?
    ))
}

async fn register(
    app: &App,
    device: &Device,
    staff: StaffId,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    write_tx!(&app.db, |tx| {
        devices::insert(tx.conn(), device).await?;
        Ok(devices::note_session(tx.conn(), DeviceId(device.id), staff, now).await?)
    })
}

async fn station(app: &App, code: &str, serves: &str) -> StationId {
    let station = Station {
        id: StationId(Uuid::now_v7()),
        version: 1,
        code: code.to_owned(),
        name: code.to_owned(),
        city: CITY.to_owned(),
        address: String::new(),
        divisions: vec![serves.to_owned()],
    };
    let now = app.now();
    let done: Result<(), Problem> = async {
        write_tx!(&app.db, |tx| Ok(
            stations::insert(tx, &station, &[], now).await?
        ))
    }
    .await;
    done.unwrap();
    station.id
}

async fn person(app: &App, username: &str, role: Role, station_id: Option<StationId>) -> StaffId {
    let person = Staff {
        id: StaffId(Uuid::now_v7()),
        version: 1,
        username: username.to_owned(),
        name: username.to_owned(),
        role,
        station_id,
        active: true,
    };
    let now = app.now();
    let done: Result<(), Problem> = async {
        write_tx!(
            &app.db,
            |tx| Ok(staff::insert(tx, &person, "x", now).await?)
        )
    }
    .await;
    done.unwrap();
    person.id
}

/// An appointment with its order.
#[derive(Clone, Copy, Debug)]
pub struct Booked {
    pub appointment: AppointmentId,
    pub order: OrderId,
}

/// A visit as a booking makes it, confirmed.
pub fn visit(station_id: StationId, assignee: Option<StaffId>, now: DateTime<Utc>) -> Visit {
    let (user_id, order_id) = (UserId(Uuid::now_v7()), OrderId(Uuid::now_v7()));
    let appointment = Appointment {
        id: AppointmentId(Uuid::now_v7()),
        order_id,
        version: 1,
        status: AppointmentStatus::Confirmed,
        user_id: Some(user_id),
        station_id,
        assignee,
        city: CITY.to_owned(),
        items: Vec::new(),
        address: Address {
            division: "330106".to_owned(),
            detail: "文三路 90 号 𠮷".to_owned(),
            lng: None,
            lat: None,
        },
        contact: Contact {
            name: "王女士".to_owned(),
            phone: "13800002046".to_owned(),
        },
        appointment_time: now + TimeDelta::days(1),
        slot: tomorrow(),
        estimate: quote(QuoteKind::Estimate, "0.00", now),
        channel: None,
        note: String::new(),
        photos: Vec::new(),
        rescheduled_version: None,
        started_at: None,
        completed_at: None,
        cancellation: None,
        reviews: Vec::new(),
        created_at: now,
        updated_at: now,
    };
    let mut order = Order::new(order_id, station_id, now);
    order.appointment_id = Some(appointment.id);
    order.user_id = Some(user_id);
    order.collector = assignee;
    Visit {
        appointment: Some(appointment),
        order,
    }
}

/// The slot every visit is booked into.
fn tomorrow() -> Slot {
    Slot {
        date: "2026-11-24".to_owned(),
        start: "10:00".to_owned(),
        end: "12:00".to_owned(),
    }
}

fn quote(kind: QuoteKind, due: &str, now: DateTime<Utc>) -> Quote {
    Quote {
        id: QuoteId(Uuid::now_v7()),
        kind,
        book: BookRef {
            city: CITY.to_owned(),
            version: 1,
            hash: String::new(),
        },
        items: Vec::<Item>::new(),
        lines: Vec::new(),
        total: Fen::parse(due).unwrap(),
        adjustments: Vec::new(),
        due: Fen::parse(due).unwrap(),
        gap_reasons: Vec::new(),
        trace: Vec::new(),
        created_at: now,
    }
}

/// Arguments of `order.weigh`: 10 kg of cardboard at 1.10 by the demo book.
pub fn weigh(order: OrderId) -> Value {
    weigh_as(order, Uuid::now_v7(), "10", "11.00")
}

/// The same with another quantity and what is due for it.
pub fn weigh_as(order: OrderId, quote: Uuid, quantity: &str, due: &str) -> Value {
    json!({"order_id": order, "quote_id": quote, "book": {"city": CITY, "version": 1},
        "items": [{"category": "paper/cardboard", "quantity": quantity}],
        "lines": [{"category": "paper/cardboard", "quantity": quantity, "unit_price": "1.1", "applied": [], "amount": due}],
        "total": due, "adjustments": [], "due": due, "gap_reasons": [{"line": 0, "code": "weight"}]})
}

/// Arguments of `order.pay` in cash.
pub fn pay(order: OrderId, amount: &str) -> Value {
    json!({"order_id": order, "payment_id": Uuid::now_v7(), "method": "cash", "amount": amount})
}

/// Arguments of `ticket.create`: 10 kg of cardboard.
pub fn ticket(order: OrderId, station: StationId) -> Value {
    let quote = weigh(order);
    json!({"order_id": order, "station_id": station, "quote": {"id": quote["quote_id"], "kind": "final",
        "book": {"city": CITY, "version": 1, "hash": price_book::demo().hash}, "items": quote["items"], "lines": quote["lines"],
        "total": "11.00", "adjustments": [], "due": "11.00", "created_at": "2026-11-23T02:00:00.000Z"}})
}

/// A device's copy of one aggregate.
#[derive(Clone, Debug, PartialEq)]
pub struct Copy {
    pub version: i64,
    pub scopes: Vec<Scope>,
    pub body: Value,
}

/// A device: its copy, its cursor, its numbers.
pub struct Phone {
    pub app: App,
    pub caller: Caller,
    pub cursor: Option<String>,
    pub copies: HashMap<(Kind, Uuid), Copy>,
    pub limit: Option<usize>,
    pub next_id: i64,
    pub confirmed: i64,
    pub pages: usize,
    /// Scopes that were reset in the last pull.
    pub reset: Vec<Scope>,
}

impl Phone {
    fn new(app: App, caller: Caller) -> Self {
        Self {
            app,
            caller,
            cursor: None,
            copies: HashMap::new(),
            limit: None,
            next_id: 1,
            confirmed: 0,
            pages: 0,
            reset: Vec::new(),
        }
    }

    /// A mutation with the next number, not sent yet.
    pub fn mutation(&mut self, name: &str, args: &Value) -> Value {
        let id = self.next_id;
        self.next_id += 1;
        json!({"id": id, "uid": Uuid::now_v7(), "name": format!("{name}@1"), "actor": self.caller.staff, "args": args,
            "client_time": huishou_domain::time::wire(self.app.now())})
    }

    /// Does a command and pushes it at once.
    pub async fn push(&mut self, name: &str, args: &Value) -> Verdict {
        let mutation = self.mutation(name, args);
        self.push_one(&mutation).await
    }

    /// The same by someone who saw this version.
    pub async fn push_seeing(&mut self, version: i64, name: &str, args: &Value) -> Verdict {
        let mut mutation = self.mutation(name, args);
        mutation["expect_version"] = json!(version);
        self.push_one(&mutation).await
    }

    pub async fn push_one(&self, mutation: &Value) -> Verdict {
        let answer = self.push_all(&[mutation.to_string()]).await.unwrap();
        answer
            .verdicts
            .into_iter()
            .next_back()
            .unwrap_or_else(|| panic!("no verdict: gap {:?}", answer.gap))
    }

    /// Pushes raw mutations.
    pub async fn push_all(&self, mutations: &[String]) -> Result<PushAnswer, Problem> {
        let raw = |text: &String| RawValue::from_string(text.clone()).unwrap();
        let request = PushRequest {
            schema: SCHEMA,
            incarnation: 1,
            confirmed: self.confirmed,
            mutations: mutations.iter().map(raw).collect(),
            device: None,
        };
        push::push(&self.app, self.caller, &request).await
    }

    /// One page.
    pub async fn page(&self, check: bool) -> Result<PullAnswer, Problem> {
        let request = PullRequest {
            cursor: self.cursor.clone(),
            schema: SCHEMA,
            limit: self.limit,
            confirmed: self.confirmed,
            check,
            again: vec![],
        };
        pull::pull(
            &self.app.db,
            &self.app.config.cursor_secret(),
            self.caller,
            &request,
            self.app.now(),
        )
        .await
    }

    /// Pulls to completion, applies, and proves by `checks` of the same snapshot that the copy is exactly the scope.
    pub async fn pull(&mut self) -> PullAnswer {
        let mut staged = Vec::new();
        self.pages = 0;
        self.reset.clear();
        loop {
            let answer = self.page(true).await.unwrap();
            self.cursor = Some(answer.cursor.clone());
            self.pages += 1;
            assert!(self.pages < 500, "a pull comes to an end");
            let complete = answer.complete;
            staged.push(answer);
            if complete {
                break;
            }
        }
        for answer in &staged {
            self.apply(answer);
        }
        let last = staged.pop().unwrap();
        let held = last.scopes.clone().unwrap();
        for copy in self.copies.values_mut() {
            copy.scopes.retain(|scope| held.contains(scope));
        }
        self.copies.retain(|_, copy| !copy.scopes.is_empty());
        assert_eq!(
            Some(self.checks(&held)),
            last.checks,
            "the copy equals its scopes at every complete page"
        );
        last
    }

    fn apply(&mut self, answer: &PullAnswer) {
        for scope in &answer.reset {
            for copy in self.copies.values_mut() {
                copy.scopes.retain(|held| held != scope);
            }
            self.reset.push(scope.clone());
        }
        self.copies.retain(|_, copy| !copy.scopes.is_empty());
        for drop in &answer.drops {
            self.copies.remove(&(drop.kind, drop.id));
        }
        for put in &answer.puts {
            let copy = Copy {
                version: put.version,
                scopes: put.scopes.clone(),
                body: put.body.read().unwrap(),
            };
            self.copies.insert((put.kind, put.id), copy);
        }
    }

    /// Count and hash of each scope of the copy.
    pub fn checks(&self, held: &[Scope]) -> BTreeMap<Scope, Check> {
        let mut checks: BTreeMap<Scope, Check> =
            held.iter().map(|s| (s.clone(), Check::default())).collect();
        for ((kind, id), copy) in &self.copies {
            for scope in &copy.scopes {
                if let Some(check) = checks.get_mut(scope) {
                    check.add(*kind, *id, copy.version);
                }
            }
        }
        checks
    }

    pub fn holds(&self, kind: Kind, id: Uuid) -> bool {
        self.copies.contains_key(&(kind, id))
    }
}
