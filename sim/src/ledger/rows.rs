//! The tables, as rows under keys. What MySQL keeps in columns and child tables is one row here.

use chrono::{DateTime, Utc};
use huishou_domain::{
    appointment::Appointment,
    ids::StaffId,
    order::Order,
    price_book::PriceBook,
    staff::Station,
    sync::{message::Verdict, revocation::Mode, scope::Kind},
};
use huishou_server::{
    refresh::{Chain, Hash, Token},
    store::{appointments::Stored, devices::Progress, staff::Person, sync_head::Head},
};
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

/// A row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its own number.
    pub id: i64,
    /// Scope written in.
    pub scope: String,
    /// Kind of aggregate.
    pub kind: String,
    /// Which.
    pub entity_id: Uuid,
}

/// A row's place. Rows of a table lie together, in the order of their primary key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// `sync_head`.
    Head,
    /// `staff`.
    Staff(Uuid),
    /// `stations`.
    Station(Uuid),
    /// `price_books`.
    Book(Uuid),
    /// `devices`.
    Device(Uuid),
    /// `device_sessions`.
    Session(Uuid, Uuid),
    /// `appointments`.
    Appointment(Uuid),
    /// `orders_…`.
    Order(Uuid),
    /// The unique keys of quotes, payments and refunds.
    Child(&'static str, Uuid),
    /// `slots`: station, date, begin.
    Slot(Uuid, String, String),
    /// `mutations`: device, incarnation, number.
    Mutation(Uuid, i64, i64),
    /// The unique key of `mutations.uid`, leading to the row.
    Uid(Uuid),
    /// `disputed_records`.
    Dispute(Uuid),
    /// `blobs` that are whole.
    Picture(String),
    /// What a device has brought of one.
    Upload(Uuid, String),
    /// `sync_outbox`.
    Outbox(i64),
    /// `sync_log`.
    Log(i64),
    /// `sync_batch`.
    Batch(i64),
    /// `sync_compaction`.
    Compaction,
    /// `refresh_chains`.
    Chain(Uuid),
    /// `refresh_tokens`.
    Token(Hash),
    /// `device_revocations`.
    Shut(Uuid),
    /// `quarantine`: device, hash of the mutation.
    Quarantined(Uuid, String),
}

/// A mutation that was processed.
#[derive(Debug, Clone)]
pub struct Processed {
    /// Its unique id, unless another number has it.
    pub uid: Option<Uuid>,
    /// Command.
    pub name: String,
    /// Who acted.
    pub actor: Option<StaffId>,
    /// What became of it.
    pub verdict: Verdict,
    /// When.
    pub at: DateTime<Utc>,
}

/// A fact nobody can place.
#[derive(Debug, Clone)]
pub struct Dispute {
    /// The mutation as it came.
    pub raw: String,
}

/// A slot's places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// All.
    pub capacity: u32,
    /// Those taken.
    pub taken: u32,
}

/// An entry of the log.
#[derive(Debug, Clone)]
pub struct Logged {
    /// The outbox row it came from.
    pub outbox_id: i64,
    /// Scope.
    pub scope: String,
    /// Kind.
    pub kind: Kind,
    /// Which.
    pub id: Uuid,
}

/// A row; cheap to clone.
#[derive(Debug, Clone)]
pub enum Row {
    /// `sync_head`.
    Head(Head),
    /// `staff`.
    Staff(Arc<Person>),
    /// `stations`.
    Station(Arc<Station>),
    /// `price_books`, with the time it was published.
    Book(Arc<PriceBook>),
    /// `devices`.
    Device(Progress),
    /// A row that only is there.
    There,
    /// `appointments`.
    Appointment(Arc<Stored<Appointment>>),
    /// `orders_…`, with its month.
    Order(i32, Arc<Stored<Order>>),
    /// Whose child it is.
    Of(Uuid),
    /// `slots`.
    Places(Places),
    /// `mutations`.
    Mutation(Arc<Processed>),
    /// Leads to a mutation: device, incarnation, number.
    Leads(Uuid, i64, i64),
    /// `disputed_records`.
    Dispute(Arc<Dispute>),
    /// The bytes of a picture.
    Bytes(Arc<Vec<u8>>),
    /// `sync_outbox`.
    Outbox(Arc<Pending>),
    /// `sync_log`.
    Log(Arc<Logged>),
    /// `sync_batch`: its tag, and when it was closed.
    Batch([u8; 16], DateTime<Utc>),
    /// How far the log was gone through.
    Through(i64),
    /// `refresh_chains`.
    Chain(Arc<Chain>),
    /// `refresh_tokens`.
    Token(Arc<Token>),
    /// How a device is shut out, and since when.
    Shut(Mode, DateTime<Utc>),
    /// A mutation that a leaving device handed in.
    Quarantined(Arc<String>),
}

/// Everything, at one moment.
pub type Tables = BTreeMap<Key, Row>;

/// How a device is shut out, and since when.
#[must_use]
pub fn shut(tables: &Tables, device: Uuid) -> Option<(Mode, DateTime<Utc>)> {
    match tables.get(&Key::Shut(device)) {
        Some(Row::Shut(mode, at)) => Some((*mode, *at)),
        _ => None,
    }
}

/// A token by its hash.
#[must_use]
pub fn token<'a>(tables: &'a Tables, hash: &[u8]) -> Option<&'a Token> {
    match tables.get(&Key::Token(hash.try_into().ok()?)) {
        Some(Row::Token(token)) => Some(token),
        _ => None,
    }
}

/// What a device handed in.
pub fn quarantined(tables: &Tables, device: Uuid) -> impl Iterator<Item = &str> {
    let (from, to) = (String::new(), "g".to_owned());
    tables
        .range(Key::Quarantined(device, from)..=Key::Quarantined(device, to))
        .filter_map(|(_, row)| match row {
            Row::Quarantined(raw) => Some(raw.as_str()),
            _ => None,
        })
}

/// The appointment of a row.
#[must_use]
pub fn appointment(row: Option<&Row>) -> Option<&Arc<Stored<Appointment>>> {
    match row {
        Some(Row::Appointment(stored)) => Some(stored),
        _ => None,
    }
}

/// The order of a row, with its month.
#[must_use]
pub fn order(row: Option<&Row>) -> Option<(i32, &Arc<Stored<Order>>)> {
    match row {
        Some(Row::Order(month, stored)) => Some((*month, stored)),
        _ => None,
    }
}

/// All appointments.
pub fn appointments(tables: &Tables) -> impl Iterator<Item = &Arc<Stored<Appointment>>> {
    tables
        .range(Key::Appointment(Uuid::nil())..=Key::Appointment(Uuid::max()))
        .filter_map(|(_, row)| appointment(Some(row)))
}

/// All orders.
pub fn orders(tables: &Tables) -> impl Iterator<Item = &Arc<Stored<Order>>> {
    tables
        .range(Key::Order(Uuid::nil())..=Key::Order(Uuid::max()))
        .filter_map(|(_, row)| order(Some(row)).map(|(_, stored)| stored))
}

/// All members of staff.
pub fn people(tables: &Tables) -> impl Iterator<Item = &Arc<Person>> {
    tables
        .range(Key::Staff(Uuid::nil())..=Key::Staff(Uuid::max()))
        .filter_map(|(_, row)| match row {
            Row::Staff(person) => Some(person),
            _ => None,
        })
}

/// All depots.
pub fn stations(tables: &Tables) -> impl Iterator<Item = &Arc<Station>> {
    tables
        .range(Key::Station(Uuid::nil())..=Key::Station(Uuid::max()))
        .filter_map(|(_, row)| match row {
            Row::Station(station) => Some(station),
            _ => None,
        })
}

/// All price books.
pub fn books(tables: &Tables) -> impl Iterator<Item = &Arc<PriceBook>> {
    tables
        .range(Key::Book(Uuid::nil())..=Key::Book(Uuid::max()))
        .filter_map(|(_, row)| match row {
            Row::Book(book) => Some(book),
            _ => None,
        })
}

/// A device's processed mutations, or everybody's.
pub fn mutations(
    tables: &Tables,
    device: Option<Uuid>,
) -> impl Iterator<Item = (Uuid, i64, &Arc<Processed>)> {
    let (from, to) = device.map_or((Uuid::nil(), Uuid::max()), |id| (id, id));
    tables
        .range(Key::Mutation(from, i64::MIN, i64::MIN)..=Key::Mutation(to, i64::MAX, i64::MAX))
        .filter_map(|(key, row)| match (key, row) {
            (Key::Mutation(device, incarnation, _), Row::Mutation(processed)) => {
                Some((*device, *incarnation, processed))
            }
            _ => None,
        })
}
