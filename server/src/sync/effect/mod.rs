//! What a decoded mutation does: gather under locks, decide in `huishou_domain::visit`, save. Facts are always kept —
//! applied, or as a disputed record where there is nothing to apply them to; intents may be refused or conflict.

mod begun;
mod disputed;
mod intents;

pub use disputed::undecodable;

use super::{catalogue, ports::Effecting};
use crate::{
    books::Compiled,
    problem::Problem,
    store::{StoreError, disputed::Reason, orders::Route, visits},
};
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{
    command::{Command, Subject},
    ids::DeviceId,
    review::ReviewCode,
    staff::{Actor, Station},
    sync::message::Mutation,
    visit::{Act, Party, Visit},
};
use serde_json::Value;

/// A device's clock is believed for the moment of a weighing or payment if it is at most so far behind or ahead;
/// longer offline work than this goes by the server's time.
const BELIEVED_BEHIND: TimeDelta = TimeDelta::days(45);
const BELIEVED_AHEAD: TimeDelta = TimeDelta::minutes(10);

/// A mutation about to take effect.
pub struct Deed<'a> {
    /// The device that sent it.
    pub device: DeviceId,
    /// Who acted.
    pub actor: Actor,
    /// They are still with us.
    pub active: bool,
    /// The mutation.
    pub mutation: &'a Mutation,
    /// Its bytes.
    pub raw: &'a str,
    /// The price book that the command's quote names, if the server has it; of a phone booking without a quote, the
    /// one in force.
    pub book: Option<&'a Compiled>,
    /// The depot that serves a phone booking, if one does.
    pub depot: Option<&'a Station>,
    /// Where the order of a new ticket or phone booking goes.
    pub route: Option<Route>,
    /// Its `expect_version` was read in the history that the server still has, or says nothing of the history.
    pub same_history: bool,
    /// Server time.
    pub at: DateTime<Utc>,
}

/// What it did.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Took effect.
    Applied {
        /// The subject's version now; none if there is no subject.
        version: Option<i64>,
        /// What an administrator should look at.
        reviews: Vec<ReviewCode>,
    },
    /// Refused.
    Rejected {
        /// Stable code.
        code: String,
        /// The argument at fault.
        field: Option<String>,
    },
    /// Someone else wrote first.
    Conflict {
        /// The subject as it is, where the actor may see it.
        current: Option<Value>,
    },
}

impl Effect {
    pub(super) fn rejected(code: &str) -> Self {
        Self::Rejected {
            code: code.to_owned(),
            field: None,
        }
    }

    pub(super) fn rejected_field(code: &str, field: &str) -> Self {
        Self::Rejected {
            code: code.to_owned(),
            field: Some(field.to_owned()),
        }
    }
}

impl Deed<'_> {
    /// The moment it happened by the device's clock, if that clock can be believed.
    pub(super) fn believed_time(&self) -> Option<DateTime<Utc>> {
        let told = self.mutation.client_time;
        (told >= self.at - BELIEVED_BEHIND && told <= self.at + BELIEVED_AHEAD).then_some(told)
    }

    fn act(&self, command: &Command) -> Act {
        let mut act = Act::new(Party::Staff(self.actor), self.at);
        act.client_time = self.believed_time();
        act.saw_version = self
            .mutation
            .expect_version
            .filter(|_| names_appointments_version(command) && self.same_history);
        act
    }
}

/// Whether a command's `expect_version` is what was seen of the appointment. A weighing begins the visit, so it states
/// that too; the other commands on an order state the order's version, which says nothing about when its appointment
/// was moved.
fn names_appointments_version(command: &Command) -> bool {
    matches!(command, Command::Weigh(_)) || matches!(command.subject(), Subject::Appointment(_))
}

/// Lets a command take effect.
///
/// # Errors
/// Of the database; then nothing has happened.
pub async fn apply(
    tx: &mut impl Effecting,
    deed: &Deed<'_>,
    command: &Command,
) -> Result<Effect, Problem> {
    if !command.is_fact() && !deed.active {
        return Ok(Effect::rejected("forbidden"));
    }
    if !command.is_fact() && tx.any_refused(&deed.mutation.after).await? {
        return Ok(Effect::rejected("dependency_refused"));
    }
    if let Some(fault) = disputed::absurd(command) {
        return disputed::dispute(tx, deed, Reason::Malformed, fault).await;
    }
    tx.savepoint("effect").await?;
    let done = match command.subject() {
        Subject::Catalogue => catalogue::publish(tx, deed, command).await,
        Subject::NewAppointment(..) => begin(tx, deed, command).await,
        subject => on_visit(tx, deed, command, subject).await,
    };
    match done {
        Err(problem) => disputed::misfit(tx, deed, command, problem).await,
        done => done,
    }
}

async fn begin(
    tx: &mut impl Effecting,
    deed: &Deed<'_>,
    command: &Command,
) -> Result<Effect, Problem> {
    match command {
        Command::Create(args) => begun::phone_booking(tx, deed, args).await,
        _ => Ok(Effect::rejected("undecodable")),
    }
}

async fn on_visit(
    tx: &mut impl Effecting,
    deed: &Deed<'_>,
    command: &Command,
    subject: Subject,
) -> Result<Effect, Problem> {
    let Some(locked) = visits::lock(tx, subject).await? else {
        return match command {
            Command::Ticket(args) => begun::new_ticket(tx, deed, args).await,
            fact if fact.is_fact() => {
                disputed::dispute(
                    tx,
                    deed,
                    Reason::UnknownEntity,
                    "no such order or appointment",
                )
                .await
            }
            _ => Ok(Effect::rejected("not_found")),
        };
    };
    if let Some(refusal) = intents::refuse(deed, command, subject, &locked) {
        return Ok(refusal);
    }
    if let Some(refusal) = intents::refuse_assignee(tx, deed, command, &locked.visit).await? {
        return Ok(refusal);
    }
    let mut act = deed.act(command);
    let city = city_of(tx, &locked.visit).await?;
    act.price = catalogue::price_findings(tx, deed, command, city.as_deref()).await?;
    act.slot = intents::new_slot(tx, command, &locked.visit).await?;
    let mut visit = locked.visit.clone();
    let applied = match visit.apply(command, &act) {
        Ok(applied) => applied,
        Err(refusal) => return Ok(Effect::rejected(refusal.as_str())),
    };
    match visits::save(tx, &locked, &visit, deed.device.0).await {
        Err(StoreError::SlotFull) => {
            tx.rollback_to("effect").await?;
            return Ok(Effect::rejected("slot_full"));
        }
        saved => saved?,
    }
    Ok(Effect::Applied {
        version: Some(version_of(&visit, subject)),
        reviews: applied.reviews,
    })
}

fn version_of(visit: &Visit, subject: Subject) -> i64 {
    match (subject, &visit.appointment) {
        (Subject::Appointment(_), Some(appointment)) => appointment.version,
        _ => visit.order.version,
    }
}

/// The city whose prices count: the appointment's, or the ticket's station's.
async fn city_of(tx: &mut impl Effecting, visit: &Visit) -> Result<Option<String>, Problem> {
    if let Some(appointment) = &visit.appointment {
        return Ok(Some(appointment.city.clone()));
    }
    Ok(tx.station(visit.order.station_id).await?.map(|s| s.city))
}
