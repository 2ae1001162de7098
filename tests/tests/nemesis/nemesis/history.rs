//! What everybody says happened: plain data, so that the checker can be shown to see what is wrong with it.

use std::collections::BTreeMap;

use serde_json::Value;

/// A command that a device acknowledged to its person.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// Which device.
    pub device: String,
    /// The mutation's uid.
    pub uid: String,
    /// Its command.
    pub name: String,
}

/// One mutation as a device has it in the end.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// Identity.
    pub uid: String,
    /// Command with version.
    pub name: String,
    /// `applied`, `rejected`, `conflict`; none while it waits.
    pub outcome: Option<String>,
    /// Arguments.
    pub args: Value,
}

/// A device in the end.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// A name for messages.
    pub name: String,
    /// Its commands.
    pub mutations: Vec<Mutation>,
    /// Verdict by uid, as its journal has it.
    pub journal: BTreeMap<String, String>,
    /// What waits.
    pub pending: usize,
    /// Scopes that ever had to be fetched again.
    pub repaired: i64,
    /// Scopes that differ from the server's sums.
    pub mismatched: Vec<String>,
    /// Scopes that were compared.
    pub checked: i64,
}

/// A row of `payments` or `refunds`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// Identity.
    pub id: String,
    /// Of which order.
    pub order: String,
    /// Fen.
    pub fen: i64,
}

/// What MySQL holds in the end, of what was not there before.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// uid and outcome of each mutation.
    pub mutations: Vec<(String, String)>,
    /// Payments.
    pub payments: Vec<Money>,
    /// Refunds.
    pub refunds: Vec<Money>,
    /// What the ledger's audit found.
    pub audit: Vec<String>,
    /// Subjects with at least one review.
    pub reviewed: std::collections::BTreeSet<String>,
}

/// A state of an appointment or order as MySQL had it at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Raised by each write.
    pub version: i64,
    /// The status' number.
    pub status: i64,
}

/// A booking over HTTP: the note it carries and whether it was acknowledged.
#[derive(Clone, Debug)]
pub struct Booking {
    /// Unique.
    pub note: String,
    /// `false`: refused, the slot was full.
    pub acknowledged: bool,
    /// How often MySQL has it.
    pub there: i64,
}

/// All histories.
#[derive(Clone, Debug, Default)]
pub struct Histories {
    /// Of people at devices.
    pub acknowledged: Vec<Acknowledged>,
    /// Of devices.
    pub devices: Vec<Device>,
    /// Of MySQL.
    pub books: Books,
    /// Successive states of each (`appointment` or `order`, id).
    pub states: BTreeMap<(&'static str, String), Vec<State>>,
    /// Of customers.
    pub bookings: Vec<Booking>,
}
