//! What people were told is done: every command a device accepted, with what must be found of it afterwards.

use huishou_client::store::mutations::Stored;
use huishou_domain::{
    blob::names_in,
    command::{Command, Subject},
    ids::DeviceId,
    sync::message::Mutation,
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use uuid::Uuid;

/// What must be found of a command that took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// A payment with its amount in fen.
    Payment(Uuid, i64),
    /// A refund with its amount in fen.
    Refund(Uuid, i64),
    /// A final quote.
    Quote(Uuid),
    /// The order itself.
    Ticket,
    /// The appointment itself.
    Booking(Uuid),
    /// Nothing that stays: plans are overtaken by other plans.
    Passing,
}

/// A command that a device accepted.
#[derive(Debug, Clone)]
pub struct Deed {
    /// Where.
    pub device: DeviceId,
    /// Identity.
    pub uid: Uuid,
    /// Command.
    pub name: String,
    /// The order it is about, if it is about one.
    pub order: Option<Uuid>,
    /// It may not be refused.
    pub fact: bool,
    /// What must be found of it.
    pub evidence: Evidence,
    /// The pictures that it names.
    pub pictures: Vec<String>,
    /// The device's copy that held it is no more: a backup was put back that is older.
    pub lost: bool,
}

impl Deed {
    fn of(device: DeviceId, stored: &Stored) -> Option<Self> {
        let mutation: Mutation = serde_json::from_str(&stored.bytes).ok()?;
        let command = Command::decode(&mutation.name, &mutation.args).ok()?;
        let order = match command.subject() {
            Subject::Order(id) | Subject::NewTicket(id) | Subject::NewAppointment(_, id) => {
                Some(id.0)
            }
            _ => stored.visit,
        };
        let evidence = match &command {
            Command::Pay(args) => Evidence::Payment(args.payment_id.0, args.amount.fen()),
            Command::Refund(args) => Evidence::Refund(args.refund_id.0, args.amount.fen()),
            Command::Weigh(args) => Evidence::Quote(args.quote_id.0),
            Command::Ticket(_) => Evidence::Ticket,
            Command::Create(args) => Evidence::Booking(args.appointment_id.0),
            _ => Evidence::Passing,
        };
        Some(Self {
            device,
            uid: stored.uid,
            name: mutation.name.clone(),
            order,
            fact: command.is_fact(),
            evidence,
            pictures: names_in(&mutation.args),
            lost: false,
        })
    }
}

/// All deeds; clones are the same story.
#[derive(Clone, Default)]
pub struct Story {
    deeds: Arc<Mutex<BTreeMap<Uuid, Deed>>>,
    forgetful: Arc<AtomicBool>,
}

impl Story {
    fn deeds(&self) -> MutexGuard<'_, BTreeMap<Uuid, Deed>> {
        self.deeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server forgot commits.
    pub fn forget(&self) {
        self.forgetful.store(true, Ordering::Relaxed);
    }

    /// Whether the server ever forgot commits.
    #[must_use]
    pub fn is_forgetful(&self) -> bool {
        self.forgetful.load(Ordering::Relaxed)
    }

    /// A device accepted a command, or is found to hold one.
    pub fn note(&self, device: DeviceId, stored: &Stored) {
        if let Some(deed) = Deed::of(device, stored) {
            let mut deeds = self.deeds();
            let known = deeds.entry(deed.uid).or_insert(deed);
            known.lost = false;
        }
    }

    /// A deed by its uid.
    #[must_use]
    pub fn of(&self, uid: Uuid) -> Option<Deed> {
        self.deeds().get(&uid).cloned()
    }

    /// A device's deeds, oldest first.
    #[must_use]
    pub fn of_device(&self, device: DeviceId) -> Vec<Deed> {
        let deeds = self.deeds();
        deeds
            .values()
            .filter(|d| d.device == device)
            .cloned()
            .collect()
    }

    /// All deeds.
    #[must_use]
    pub fn all(&self) -> Vec<Deed> {
        self.deeds().values().cloned().collect()
    }

    /// Changes a deed.
    pub fn amend(&self, uid: Uuid, change: impl FnOnce(&mut Deed)) {
        if let Some(deed) = self.deeds().get_mut(&uid) {
            change(deed);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.deeds().len()
    }

    /// Whether nobody did anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
