//! The state machines of appointment and order (sync.md §5). A *visit* is an appointment with its order, or a
//! walk-in ticket alone. [`Visit::apply`] decides what a command does to it: the server calls it on locked rows, a
//! device calls it on its base to make the overlay, so both sides follow the same tables.
//!
//! Facts never fail here; what does not fit becomes a review. Intents may be refused. Who may act at all is decided
//! in [`permit`], before.

mod acceptance;
mod appointment;
mod booked;
mod order;
mod payment;
mod permit;
#[cfg(test)]
mod tests;
mod ticket;
mod weighing;

pub use acceptance::lacks_explicit_acceptance;
pub use appointment::is_at_the_door;
pub use booked::Opening;
pub use permit::{permit, permit_booking};
pub use ticket::create_ticket;

use crate::{
    appointment::Appointment,
    command::Command,
    ids::{StaffId, UserId},
    order::Order,
    review::{Review, ReviewCode},
    staff::Actor,
};
use chrono::{DateTime, Utc};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// The customer, through the mini-program.
    Customer(UserId),
    /// A member of staff.
    Staff(Actor),
    /// A partner through the open API, for a customer of theirs whom we do not know.
    Partner,
    /// The product itself (timers, channels).
    System,
}

impl Party {
    /// The member of staff, if it is one.
    #[must_use]
    pub const fn staff(&self) -> Option<Actor> {
        match self {
            Self::Staff(actor) => Some(*actor),
            _ => None,
        }
    }

    /// Whether the customer's wish is told: by themselves, or by the partner they booked through.
    const fn is_for_customer(&self) -> bool {
        matches!(self, Self::Customer(_) | Self::Partner)
    }

    fn staff_id(&self) -> Option<StaffId> {
        self.staff().map(|a| a.id)
    }

    /// `customer`, `partner`, `system` or the role's name: who is named in a cancellation.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Customer(_) => "customer",
            Self::Partner => "partner",
            Self::Staff(actor) => actor.role.as_str(),
            Self::System => "system",
        }
    }
}

/// What the server found out about a stated price before deciding; a device leaves it empty. A weighing or ticket is
/// reviewed for it, an estimate refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriceFindings {
    /// The recomputation differs from what was stated.
    pub mismatch: bool,
    /// The book was superseded longer ago than the grace period.
    pub stale: bool,
    /// The server does not know the book.
    pub unknown_book: bool,
}

/// The circumstances of a command.
#[derive(Debug, Clone)]
pub struct Act {
    /// Who.
    pub party: Party,
    /// When: server time on the server, trusted time on a device.
    pub at: DateTime<Utc>,
    /// When by the device's clock; recorded with payments and weighings.
    pub client_time: Option<DateTime<Utc>>,
    /// The appointment's or order's version the actor saw.
    pub saw_version: Option<i64>,
    /// What the server found out about the price.
    pub price: PriceFindings,
    /// The slot of the new time, for `reschedule`; found by the caller.
    pub slot: Option<crate::appointment::Slot>,
}

impl Act {
    /// Someone acting at an instant, with nothing else known.
    #[must_use]
    pub fn new(party: Party, at: DateTime<Utc>) -> Self {
        Self {
            party,
            at,
            client_time: None,
            saw_version: None,
            price: PriceFindings::default(),
            slot: None,
        }
    }

    /// The device's time where it has one: money and weights keep the moment they changed hands.
    fn happened_at(&self) -> DateTime<Utc> {
        self.client_time.unwrap_or(self.at)
    }
}

/// Why an intent is refused; each code is stable and has words in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The visit has begun.
    InService,
    /// Already completed.
    Completed,
    /// Already cancelled.
    Cancelled,
    /// Money has been paid.
    Paid,
    /// The person may not do this.
    Forbidden,
    /// The command needs an appointment and the order has none.
    NoAppointment,
    /// The quote is not one of this order's.
    UnknownQuote,
    /// A newer quote has taken its place.
    QuoteSuperseded,
    /// Not weighed yet.
    NotWeighed,
    /// The new time lies in no slot.
    OutsideSlots,
    /// The final quote has been weighed.
    AlreadyWeighed,
    /// The id stands for something else already.
    IdTaken,
    /// The estimate's price book was superseded longer ago than the grace period.
    PriceStale,
    /// The estimate is not what its price book says.
    PriceMismatch,
    /// Nobody knows the estimate's price book.
    UnknownBook,
}

impl PriceFindings {
    /// Why an estimate at this price is refused: nobody has accepted it, so nothing is lost by pricing it again.
    ///
    /// # Errors
    /// `unknown_book`, `price_stale`, `price_mismatch`.
    pub const fn refuse(&self) -> Result<(), Refusal> {
        match self {
            Self {
                unknown_book: true, ..
            } => Err(Refusal::UnknownBook),
            Self { stale: true, .. } => Err(Refusal::PriceStale),
            Self { mismatch: true, .. } => Err(Refusal::PriceMismatch),
            _ => Ok(()),
        }
    }
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InService => "in_service",
            Self::Completed => "already_completed",
            Self::Cancelled => "already_cancelled",
            Self::Paid => "already_paid",
            Self::Forbidden => "forbidden",
            Self::NoAppointment => "no_appointment",
            Self::UnknownQuote => "unknown_quote",
            Self::QuoteSuperseded => "quote_superseded",
            Self::NotWeighed => "not_weighed",
            Self::OutsideSlots => "outside_slots",
            Self::AlreadyWeighed => "already_weighed",
            Self::IdTaken => "id_taken",
            Self::PriceStale => "price_stale",
            Self::PriceMismatch => "price_mismatch",
            Self::UnknownBook => "unknown_book",
        }
    }
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// Reviews raised, in order.
    pub reviews: Vec<ReviewCode>,
    /// The appointment was changed.
    pub appointment_changed: bool,
    /// The order was changed.
    pub order_changed: bool,
}

impl Applied {
    fn review(&mut self, code: ReviewCode) {
        if !self.reviews.contains(&code) {
            self.reviews.push(code);
        }
    }
}

/// An appointment with its order, or a walk-in ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// None for a ticket.
    pub appointment: Option<Appointment>,
    /// Goods and money.
    pub order: Order,
}

impl Visit {
    /// Applies a command. On success versions and `updated_at` of what changed are raised and reviews are noted on
    /// the aggregate they concern. On refusal nothing has changed.
    ///
    /// # Errors
    /// Refusals, for intents only: a fact is always applied.
    pub fn apply(&mut self, command: &Command, act: &Act) -> Result<Applied, Refusal> {
        let mut done = Applied::default();
        match command {
            // It exists: an id is given once.
            Command::Create(_) => return Err(Refusal::IdTaken),
            Command::Estimate(args) => appointment::estimate(self, &args.quote, act, &mut done)?,
            Command::Confirm(_) => appointment::confirm(self.appointment_mut()?, &mut done)?,
            Command::Assign(args) => appointment::assign(self, args.assignee, &mut done)?,
            Command::Reschedule(args) => appointment::reschedule(
                self.appointment_mut()?,
                args.appointment_time,
                act,
                &mut done,
            )?,
            Command::Cancel(args) => appointment::cancel(self, args, act, &mut done)?,
            Command::Start(_) => appointment::begin(self, act, &mut done),
            Command::Complete(_) => appointment::complete(self, act, &mut done),
            Command::Weigh(args) => weighing::weigh(self, args, act, &mut done),
            Command::Accept(args) => acceptance::accept(self, args, act, &mut done)?,
            Command::Pay(args) => payment::pay(self, args, act, &mut done),
            Command::Refund(args) => payment::refund(self, args, act, &mut done),
            Command::Void(args) => order::void(&mut self.order, &args.reason, &mut done)?,
            Command::Receive(args) => order::receive(&mut self.order, args, act, &mut done),
            Command::Ticket(args) => ticket::again(&self.order, args, &mut done),
            Command::Publish(_) => {}
        }
        self.seal(act, &mut done);
        Ok(done)
    }

    fn appointment_mut(&mut self) -> Result<&mut Appointment, Refusal> {
        self.appointment.as_mut().ok_or(Refusal::NoAppointment)
    }

    /// Writes reviews down where they belong and raises versions.
    fn seal(&mut self, act: &Act, done: &mut Applied) {
        let by = act.party.staff_id();
        for code in done.reviews.clone() {
            let review = Review {
                code,
                at: act.at,
                by,
            };
            match &mut self.appointment {
                Some(appointment) if concerns_visit(code) => {
                    appointment.reviews.push(review);
                    done.appointment_changed = true;
                }
                _ => {
                    self.order.reviews.push(review);
                    done.order_changed = true;
                }
            }
        }
        if done.order_changed {
            self.order.version += 1;
            self.order.updated_at = act.at;
        }
        if let Some(appointment) = self
            .appointment
            .as_mut()
            .filter(|_| done.appointment_changed)
        {
            appointment.version += 1;
            appointment.updated_at = act.at;
            if act.party.is_for_customer()
                && appointment.rescheduled_version == Some(RESCHEDULED_NOW)
            {
                appointment.rescheduled_version = Some(appointment.version);
            }
        }
    }
}

/// Placeholder written by `reschedule` and replaced by the raised version when the change is sealed.
const RESCHEDULED_NOW: i64 = 0;

/// Reviews about the visit are noted on the appointment, those about goods and money on the order.
const fn concerns_visit(code: ReviewCode) -> bool {
    matches!(
        code,
        ReviewCode::AlreadyCompleted
            | ReviewCode::CancelledMeanwhile
            | ReviewCode::ReassignedMeanwhile
            | ReviewCode::RescheduledMeanwhile
            | ReviewCode::CancelledAfterPayment
    )
}
