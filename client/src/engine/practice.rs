//! Practice: a store of its own with the demo price book, an invented person and a day of invented appointments.
//! There is no server behind it and nothing done here is ever pushed.

use super::{Engine, books, lock, repair};
use crate::{
    clock::TrustedClock,
    error::Result,
    folder,
    secrets::random_bytes,
    store::{Commit, Db, Store, base, memberships, meta, people, people::Known},
    sync::{receive::note_piece_goods, run::Shared},
    view::session::{Person, SessionState},
    visits,
};
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use huishou_domain::{
    appointment::{Address, Appointment, AppointmentStatus, Contact, Slot},
    ids::{AppointmentId, OrderId, QuoteId, StaffId, StationId, UserId, uuid_v7},
    order::Order,
    price_book::{self, PriceBook},
    quote::{BookRef, Quote, QuoteKind},
    staff::{Role, Staff, Station},
    sync::{
        body::Body,
        scope::{Kind, Scope},
    },
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// The invented person and place; the same on every device, and in no server's book.
const PERSON: StaffId = StaffId(Uuid::from_u128(0x5052_4143_5449_4345_8000_0000_0000_0001));
const STATION: StationId = StationId(Uuid::from_u128(0x5052_4143_5449_4345_8000_0000_0000_0002));

impl Engine {
    /// Begins practice; the first time of a day brings that day's appointments.
    ///
    /// # Errors
    /// Of the practice store.
    pub fn practice_enter(&self) -> Result<SessionState> {
        let mut store = self.practice_file()?;
        repair::after_upgrade(&mut store)?;
        let floor = meta::get(store.db(), meta::Key::Floor)?;
        let clock = Arc::new(TrustedClock::new(
            Arc::clone(&self.inner.config.clock),
            None,
            floor,
        ));
        let shared = Shared {
            store: Arc::new(Mutex::new(store)),
            clock,
        };
        let now = shared.clock.now();
        lock(&shared.store).write(Commit::Other, |db| fill(db, now))?;
        *lock(&self.inner.practice) = Some(shared);
        self.session_changed()
    }

    /// The practice store, by its own key. One of an older version of the app has the real store's and gets its own; one
    /// whose key is gone begins anew: nothing in it is of any worth.
    fn practice_file(&self) -> Result<Store> {
        let config = &self.inner.config;
        let path = config.data.join(folder::PRACTICE);
        let key = config.key.practice_key(&config.data)?;
        match Store::open(&path, &key) {
            Err(error) if error.stable_code() == "store_key_wrong" => {}
            opened => return opened,
        }
        if let Ok(store) = Store::open(&path, &lock(&self.inner.key)) {
            return store.rekeyed(&key);
        }
        for path in folder::database(&config.data, folder::PRACTICE) {
            folder::remove(&path)?;
        }
        Store::open(&path, &key)
    }

    /// Ends practice. What was done stays in its own store.
    ///
    /// # Errors
    /// Of the store.
    pub fn practice_leave(&self) -> Result<SessionState> {
        *lock(&self.inner.practice) = None;
        self.inner.wake.notify_one();
        self.session_changed()
    }
}

fn fill(db: &Db, now: DateTime<Utc>) -> Result<()> {
    let today = (now + TimeDelta::hours(8)).date_naive().to_string();
    if meta::get::<String>(db, meta::Key::PracticeDay)?.as_ref() == Some(&today) {
        return Ok(());
    }
    let book = price_book::demo();
    let scopes = [Scope::Station(STATION), Scope::Catalog(book.city.clone())];
    put(
        db,
        Kind::PriceBook,
        book.id.uuid(),
        i64::from(book.version),
        &book,
        &scopes,
    )?;
    note_piece_goods(db)?;
    people_and_places(db, &book.city, now, &scopes)?;
    for booked in BOOKED {
        let (appointment, order) = visit(&book, now, booked)?;
        put(
            db,
            Kind::Appointment,
            appointment.id.uuid(),
            1,
            &appointment,
            &scopes,
        )?;
        put(db, Kind::Order, order.id.uuid(), 1, &order, &scopes)?;
        visits::rebuild(db, order.id.uuid())?;
    }
    meta::set(db, meta::Key::PracticeDay, &today)
}

fn put(
    db: &Db,
    kind: Kind,
    id: Uuid,
    version: i64,
    body: &impl serde::Serialize,
    scopes: &[Scope],
) -> Result<()> {
    let body = Body::of(body)?;
    base::put(
        db,
        kind,
        id,
        version,
        visits::visit_of(kind, id, &body),
        body.text(),
    )?;
    memberships::set(db, kind, id, scopes)
}

fn people_and_places(db: &Db, city: &str, now: DateTime<Utc>, scopes: &[Scope]) -> Result<()> {
    let name = "练习员".to_owned();
    let station = Station {
        id: STATION,
        version: 1,
        code: "practice".into(),
        name: "练习站".into(),
        city: city.to_owned(),
        address: "西湖区文三路 1 号".into(),
        divisions: vec![city.to_owned()],
    };
    put(db, Kind::Station, STATION.uuid(), 1, &station, scopes)?;
    let staff = Staff {
        id: PERSON,
        version: 1,
        username: "practice".into(),
        name: name.clone(),
        role: Role::Collector,
        station_id: Some(STATION),
        active: true,
    };
    put(db, Kind::Staff, PERSON.uuid(), 1, &staff, scopes)?;
    let person = Person {
        id: PERSON,
        username: staff.username,
        name,
        role: Role::Collector,
        station_id: Some(STATION),
        station_name: Some(station.name),
    };
    people::put(
        db,
        &Known {
            person,
            scopes: scopes.iter().map(ToString::to_string).collect(),
        },
        now.timestamp_millis(),
    )?;
    meta::set(db, meta::Key::Person, &PERSON)
}

/// One invented booking.
struct Booked {
    hour: u32,
    name: &'static str,
    phone: &'static str,
    detail: &'static str,
    goods: &'static [(&'static str, &'static str)],
}

const BOOKED: &[Booked] = &[
    Booked {
        hour: 9,
        name: "陈女士",
        phone: "13800000101",
        detail: "文三路 90 号 3 幢 501",
        goods: &[("paper/cardboard", "12.5"), ("metal/iron", "8")],
    },
    Booked {
        hour: 11,
        name: "林先生",
        phone: "13800000102",
        detail: "天目山路 226 号 2 单元 1203",
        goods: &[("paper/newspaper", "20")],
    },
    Booked {
        hour: 14,
        name: "王阿姨",
        phone: "13800000103",
        detail: "古墩路 701 号 6 幢 302",
        goods: &[("paper/cardboard", "30")],
    },
    Booked {
        hour: 16,
        name: "周先生",
        phone: "13800000104",
        detail: "余杭塘路 866 号 15 幢",
        goods: &[("metal/iron", "25"), ("paper/cardboard", "6")],
    },
];

fn visit(book: &PriceBook, now: DateTime<Utc>, booked: &Booked) -> Result<(Appointment, Order)> {
    let today = (now + TimeDelta::hours(8)).date_naive();
    let start = NaiveTime::from_hms_opt(booked.hour, 0, 0).unwrap_or_default();
    let made = now - TimeDelta::days(1);
    let id = || uuid_v7(made, random_bytes());
    let order_id = OrderId(id());
    let estimate = estimate(book, booked.goods, QuoteId(id()), made)?;
    let appointment = Appointment {
        id: AppointmentId(id()),
        order_id,
        version: 1,
        status: AppointmentStatus::Confirmed,
        user_id: Some(UserId(id())),
        station_id: STATION,
        assignee: Some(PERSON),
        city: book.city.clone(),
        items: estimate.items.clone(),
        address: Address {
            division: "330106".into(),
            detail: booked.detail.into(),
            lng: None,
            lat: None,
        },
        contact: Contact {
            name: booked.name.into(),
            phone: booked.phone.into(),
        },
        appointment_time: today.and_time(start).and_utc() - TimeDelta::hours(8),
        slot: Slot {
            date: today.to_string(),
            start: format!("{:02}:00", booked.hour),
            end: format!("{:02}:00", booked.hour + 2),
        },
        estimate,
        channel: None,
        note: String::new(),
        photos: Vec::new(),
        rescheduled_version: None,
        started_at: None,
        completed_at: None,
        cancellation: None,
        reviews: Vec::new(),
        created_at: made,
        updated_at: made,
    };
    let order = Order {
        appointment_id: Some(appointment.id),
        user_id: appointment.user_id,
        collector: Some(PERSON),
        ..Order::new(order_id, STATION, made)
    };
    Ok((appointment, order))
}

/// The estimate of goods by the demo book.
fn estimate(
    book: &PriceBook,
    goods: &[(&str, &str)],
    id: QuoteId,
    at: DateTime<Utc>,
) -> Result<Quote> {
    let raw: Vec<Value> = goods
        .iter()
        .map(|(category, quantity)| json!({"category": category, "quantity": quantity}))
        .collect();
    let rules = book.compile().map_err(|e| books::pricing_fault(&e))?;
    let priced = rules.price(&raw).map_err(|e| books::pricing_fault(&e))?;
    Ok(Quote {
        id,
        kind: QuoteKind::Estimate,
        book: BookRef {
            city: book.city.clone(),
            version: i64::from(book.version),
            hash: book.hash.clone(),
        },
        items: serde_json::from_value(Value::Array(raw))?,
        lines: priced.lines.into_iter().map(books::line).collect(),
        total: priced.total,
        adjustments: Vec::new(),
        due: priced.total,
        gap_reasons: Vec::new(),
        trace: Vec::new(),
        created_at: at,
    })
}
