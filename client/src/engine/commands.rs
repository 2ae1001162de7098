//! Commands: filled in, checked by the rules of the trade, then written to outbox and overlay in one transaction.

use super::{
    Engine, arguments,
    booking::{self, Served},
    centre,
    fill::Fill,
    lease, lock, rules,
};
use crate::{
    clock::TrustedClock,
    error::{Error, Result},
    store::{
        Commit, Db, Store, meta, mutations,
        mutations::{Context, Stored},
    },
    view::quote::{Executed, TicketRequest, WeighRequest},
    visits::{self, Seen},
};
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use huishou_domain::{
    appointment::Slot,
    command::{Command, Subject},
    staff::Actor,
    sync::message::Mutation,
    visit::{Act, Party, Visit, create_ticket, permit},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Most bytes of one command: a weighing of fifty kinds with room to spare, far below what a request may carry.
const MOST_BYTES: usize = 256 * 1024;

impl Engine {
    /// `order.weigh`, priced by the book in force.
    ///
    /// # Errors
    /// As for [`Engine::execute`]; pricing's codes under `items[i]`.
    pub fn weigh(&self, request: &WeighRequest) -> Result<Executed> {
        self.execute("order.weigh", serde_json::to_value(request)?)
    }

    /// `ticket.create`, priced by the book in force.
    ///
    /// # Errors
    /// As for [`Engine::execute`]; pricing's codes under `items[i]`.
    pub fn ticket(&self, request: &TicketRequest) -> Result<Executed> {
        let args = json!({"order_id": request.order_id, "items": request.items, "adjustments": request.adjustments, "seller": request.seller});
        self.execute("ticket.create", args)
    }

    /// Does any command here and now; it is pushed when there is contact. What is not given is filled in: ids, lines,
    /// totals, times.
    ///
    /// # Errors
    /// `unknown_command`, `invalid_arguments` and `unknown_argument` with the field, `sign_in_required`, `not_found`,
    /// `no_longer_yours` (the visit left this device's scopes), `forbidden`, the state machines' refusals for intents,
    /// `reasons_owed`, `explicit_acceptance_required`, `not_weighed`, `quote_superseded`, `id_taken`, `lease_over`, codes of
    /// adjustments and pricing.
    pub fn execute(&self, name: &str, args: Value) -> Result<Executed> {
        self.execute_as(name, args, None)
    }

    /// A refused command again, with other arguments; the refused one is closed.
    ///
    /// # Errors
    /// `not_found`, `not_refused`, and as for [`Engine::execute`].
    pub fn mutation_resend(&self, uid: Uuid, args: Value) -> Result<Executed> {
        let refused = self.read(|db| centre::refused(db, uid))?;
        let name = refused.name.clone();
        self.execute_as(&name, args, Some(refused))
    }

    fn execute_as(&self, name: &str, args: Value, instead_of: Option<Stored>) -> Result<Executed> {
        let person = self.person()?;
        let actor = Actor {
            id: person.id,
            role: person.role,
            station: person.station_id,
        };
        let command = self.fill(name, args, actor)?;
        let served = match &command {
            Command::Create(args) => self.served(&args.address.division)?,
            _ => None,
        };
        let shared = self.shared();
        let done = {
            let mut store = lock(&shared.store);
            Doing {
                clock: &shared.clock,
                actor,
                command,
                served,
                instead_of,
            }
            .record(&mut store)?
        };
        if !self.is_practice() {
            self.keep_copy(done.uid);
            self.inner.wake.notify_one();
        }
        self.changed(&["appointment", "order", "mutation"]);
        Ok(done)
    }

    fn fill(&self, name: &str, args: Value, actor: Actor) -> Result<Command> {
        if Command::is_fact_name(name).is_none() {
            return Err(Error::field("unknown_command", "name"));
        }
        let shared = self.shared();
        let now = shared.clock.now();
        let price = |city: Option<&str>, items: &[Value]| {
            let book = self.in_force(city)?;
            let (lines, total) = book.price(items)?;
            Ok((book.reference(), lines, total))
        };
        let filled = Fill {
            now,
            clock: &shared.clock,
            actor,
            read: &|work| self.read(work),
            city: &|district| Ok(self.served(district)?.map(|served| served.station.city)),
            price: &price,
        }
        .fill(name, args)?;
        if filled.to_string().len() > MOST_BYTES {
            return Err(Error::code("too_large"));
        }
        arguments::decode(name, &filled)
    }
}

/// A command on its way into the outbox.
struct Doing<'a> {
    clock: &'a TrustedClock,
    actor: Actor,
    command: Command,
    /// The depot of a phone booking, if one here serves its address.
    served: Option<Served>,
    instead_of: Option<Stored>,
}

impl Doing<'_> {
    /// Decides and writes in one transaction: another process on the same store cannot come between.
    fn record(self, store: &mut Store) -> Result<Executed> {
        rules::catalogue(&self.command, &self.actor)?;
        store.write(Commit::Exec, |db| {
            if meta::get::<Value>(db, meta::Key::Leaving)?.is_some() {
                return Err(Error::code("device_revoked"));
            }
            self.decide(db)
        })
    }

    fn decide(&self, db: &Db) -> Result<Executed> {
        let at = self.clock.now();
        let act = Act {
            client_time: Some(at),
            slot: self.slot(),
            ..Act::new(Party::Staff(self.actor), at)
        };
        let subject = self.command.subject();
        let is_new = matches!(
            subject,
            Subject::Catalogue | Subject::NewTicket(_) | Subject::NewAppointment(..)
        );
        if is_new {
            lease::permits(db, None, at)?;
        }
        match subject {
            Subject::Catalogue => self.write(db, None, None, at),
            Subject::NewTicket(id) => {
                let visit = self.new_ticket(db, id.uuid(), &act)?;
                self.write(db, Some(&visit), None, at)
            }
            Subject::NewAppointment(..) => {
                let visit = self.new_appointment(db, at)?;
                self.write(db, Some(&visit), None, at)
            }
            subject => {
                let seen = self.known(db, subject)?;
                let saw = saw_version(&self.command, &seen);
                let act = Act {
                    saw_version: saw,
                    ..act
                };
                let mut visit = seen.visit;
                let done = visit.apply(&self.command, &act)?;
                if done.appointment_changed || done.order_changed {
                    return self.write(db, Some(&visit), saw, at);
                }
                self.nothing_to_do(db, &visit)
            }
        }
    }

    fn known(&self, db: &Db, subject: Subject) -> Result<Seen> {
        let field = if matches!(subject, Subject::Appointment(_)) {
            "appointment_id"
        } else {
            "order_id"
        };
        let visit = visits::find(db, subject)?.ok_or_else(|| Error::not_found(field))?;
        let seen = visits::load(db, visit)?.ok_or_else(|| Error::not_found(field))?;
        if seen.shadow {
            return Err(Error::field("no_longer_yours", field));
        }
        lease::permits(db, Some(&seen.visit), self.clock.now())?;
        permit(&seen.visit, &self.command, &Party::Staff(self.actor))?;
        rules::check(
            db,
            &seen.visit,
            &self.command,
            &self.actor,
            self.clock.now(),
        )?;
        Ok(seen)
    }

    fn new_ticket(&self, db: &Db, id: Uuid, act: &Act) -> Result<Visit> {
        let Command::Ticket(args) = &self.command else {
            return Err(Error::code("invalid_arguments"));
        };
        rules::ticket(args, &self.actor)?;
        if visits::load(db, id)?.is_some() {
            return Err(Error::field("id_taken", "order_id"));
        }
        Ok(Visit {
            appointment: None,
            order: create_ticket(args, act).0,
        })
    }

    fn new_appointment(&self, db: &Db, at: DateTime<Utc>) -> Result<Visit> {
        let Command::Create(args) = &self.command else {
            return Err(Error::code("invalid_arguments"));
        };
        let served = self.served.as_ref();
        booking::begin(db, args, served, &self.actor, self.slot(), at)
    }

    /// A command that changes nothing needs no push; a refused one it replaces is settled all the same.
    fn nothing_to_do(&self, db: &Db, visit: &Visit) -> Result<Executed> {
        if let Some(refused) = &self.instead_of {
            centre::settle(db, refused)?;
        }
        Ok(self.executed(Uuid::nil(), 0, Some(visit)))
    }

    fn write(
        &self,
        db: &Db,
        visit: Option<&Visit>,
        saw: Option<i64>,
        at: DateTime<Utc>,
    ) -> Result<Executed> {
        let id = meta::get::<i64>(db, meta::Key::LastId)?.unwrap_or(0) + 1;
        let key = visit.map(|v| v.order.id.uuid());
        let mutation = Mutation {
            id,
            uid: self.clock.new_id(at),
            name: self.command.name().to_owned(),
            actor: self.actor.id,
            args: self.command.args()?,
            expect_version: saw,
            epoch: saw
                .map(|_| meta::get(db, meta::Key::Epoch))
                .transpose()?
                .flatten(),
            client_time: at,
            after: key
                .map(|key| mutations::unanswered_of(db, key))
                .transpose()?
                .unwrap_or_default(),
        };
        let stored = Stored {
            id,
            uid: mutation.uid,
            name: mutation.name.clone(),
            actor: mutation.actor,
            visit: key,
            appointment_id: visit
                .and_then(|v| v.appointment.as_ref())
                .map(|a| a.id.uuid()),
            made_at: at.timestamp_millis(),
            bytes: serde_json::to_string(&mutation)?,
            context: Context {
                actor: self.actor,
                slot: self.slot(),
                depot: self.served.as_ref().map(Served::depot),
            },
            outcome: None,
            retired: false,
            open: false,
        };
        mutations::insert(db, &stored)?;
        meta::set(db, meta::Key::LastId, &id)?;
        meta::set(db, meta::Key::Floor, &at)?;
        if let Some(refused) = &self.instead_of {
            centre::settle(db, refused)?;
        }
        if let Some(visit) = visit {
            visits::store_overlay(db, visit)?;
        }
        Ok(self.executed(mutation.uid, id, visit))
    }

    fn executed(&self, uid: Uuid, id: i64, visit: Option<&Visit>) -> Executed {
        let quote_id = match &self.command {
            Command::Weigh(args) => Some(args.quote_id),
            Command::Ticket(args) => Some(args.quote.id),
            Command::Accept(args) => Some(args.quote_id),
            Command::Estimate(args) => Some(args.quote.id),
            Command::Create(args) => args.estimate.as_ref().map(|quote| quote.id),
            _ => None,
        };
        Executed {
            uid,
            id,
            appointment_id: visit.and_then(|v| v.appointment.as_ref()).map(|a| a.id),
            order_id: visit.map(|v| v.order.id),
            quote_id,
        }
    }

    /// The slot a new time is shown in until the server says which it is: two hours from an even hour, China's time.
    fn slot(&self) -> Option<Slot> {
        let at = match &self.command {
            Command::Reschedule(args) => args.appointment_time,
            Command::Create(args) => args.appointment_time,
            _ => return None,
        };
        let local = at + TimeDelta::hours(8);
        let start = local.hour() / 2 * 2;
        Some(Slot {
            date: local.format("%Y-%m-%d").to_string(),
            start: format!("{start:02}:00"),
            end: format!("{:02}:00", start + 2),
        })
    }
}

/// The server's version of what the actor saw: the appointment's for commands on it and for a weighing, which begins
/// the visit; the order's for all others. This device's own unconfirmed changes never count.
fn saw_version(command: &Command, seen: &Seen) -> Option<i64> {
    match (command.subject(), command) {
        (Subject::Appointment(_), _) => seen.appointment_version,
        (_, Command::Weigh(_)) if seen.appointment_version.is_some() => seen.appointment_version,
        _ => seen.order_version,
    }
}
