//! Commands: what devices and the customer's API ask for. **Facts** report what has happened and are never refused
//! for state, version, price or time; **intents** may be (sync.md §5). On the wire a command is a name with its
//! version (`order.pay@1`) and JSON arguments; in memory it is one of these.

mod args;
pub mod check;

pub use args::{
    Accept, AppointmentCreate, Assign, Cancel, Estimate, OfAppointment, Pay, Publish, Receive,
    RefundArgs, Reschedule, TicketCreate, Void, Weigh,
};

use crate::ids::{AppointmentId, OrderId};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why a command could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Nobody knows this name or version.
    #[error("unknown command {0}")]
    UnknownName(String),
    /// The arguments are not of the command's form.
    #[error("arguments of {name}: {detail}")]
    BadArgs {
        /// The command.
        name: String,
        /// The argument at fault, as `items[0].quantity`; none where the whole is no object.
        field: Option<String>,
        /// What the decoder says; for logs and support, not for people.
        detail: String,
    },
}

/// Reads a command's arguments.
fn arguments<T: DeserializeOwned>(name: &str, args: &Value) -> Result<T, DecodeError> {
    serde_path_to_error::deserialize(args).map_err(|error| DecodeError::BadArgs {
        name: name.to_owned(),
        field: field_at_fault(&error),
        detail: error.inner().to_string(),
    })
}

/// Where the decoder stood, and what it missed there.
fn field_at_fault(error: &serde_path_to_error::Error<serde_json::Error>) -> Option<String> {
    let told = error.inner().to_string();
    let missed = told
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split('`').next());
    let place = error.path().to_string();
    match (place.as_str(), missed) {
        (".", None) => None,
        (".", Some(missed)) => Some(missed.to_owned()),
        (place, None) => Some(place.to_owned()),
        (place, Some(missed)) => Some(format!("{place}.{missed}")),
    }
}

macro_rules! commands {
    ($($(#[$doc:meta])* $variant:ident($args:ty) = $name:literal, fact: $fact:literal;)*) => {
        /// A decoded command.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Command {
            $($(#[$doc])* $variant(Box<$args>)),*
        }

        impl Command {
            /// Every command's name at its newest version.
            pub const NAMES: &[&str] = &[$(concat!($name, "@1")),*];

            /// Name with version, as `order.pay@1`.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => concat!($name, "@1")),* }
            }

            /// Reports what has happened; never refused for state, version, price or time.
            #[must_use]
            pub const fn is_fact(&self) -> bool {
                match self { $(Self::$variant(_) => $fact),* }
            }

            /// Whether a name (with or without version) is a fact's; `None` for unknown names.
            #[must_use]
            pub fn is_fact_name(name: &str) -> Option<bool> {
                match name.strip_suffix("@1").unwrap_or(name) { $($name => Some($fact),)* _ => None }
            }

            /// Decodes name and arguments; a name without version means the newest.
            ///
            /// # Errors
            /// An unknown name, or arguments of another form.
            pub fn decode(name: &str, args: &Value) -> Result<Self, DecodeError> {
                let bare = name.strip_suffix("@1").unwrap_or(name);
                match bare {
                    $($name => arguments::<$args>(name, args).map(|a| Self::$variant(Box::new(a))),)*
                    _ => Err(DecodeError::UnknownName(name.to_owned())),
                }
            }

            /// The arguments as JSON.
            ///
            /// # Errors
            /// None in practice: every command's arguments are plain data.
            pub fn args(&self) -> Result<Value, serde_json::Error> {
                match self { $(Self::$variant(a) => serde_json::to_value(a)),* }
            }
        }
    };
}

commands! {
    /// A phone booking.
    Create(AppointmentCreate) = "appointment.create", fact: false;
    /// Another estimate.
    Estimate(Estimate) = "appointment.estimate", fact: false;
    /// Staff confirm.
    Confirm(OfAppointment) = "appointment.confirm", fact: false;
    /// Dispatcher or station assigns a collector.
    Assign(Assign) = "appointment.assign", fact: false;
    /// Another time.
    Reschedule(Reschedule) = "appointment.reschedule", fact: false;
    /// The collector is at the door.
    Start(OfAppointment) = "appointment.start", fact: true;
    /// Called off.
    Cancel(Cancel) = "appointment.cancel", fact: false;
    /// The visit is over.
    Complete(OfAppointment) = "appointment.complete", fact: true;
    /// The final quote.
    Weigh(Weigh) = "order.weigh", fact: true;
    /// The customer said yes.
    Accept(Accept) = "order.accept", fact: true;
    /// Money was paid.
    Pay(Pay) = "order.pay", fact: true;
    /// Money came back.
    Refund(RefundArgs) = "order.refund", fact: true;
    /// Undo an order.
    Void(Void) = "order.void", fact: false;
    /// At the depot.
    Receive(Receive) = "order.receive", fact: true;
    /// A walk-in ticket.
    Ticket(TicketCreate) = "ticket.create", fact: true;
    /// A new price book.
    Publish(Publish) = "price_book.publish", fact: false;
}

/// What a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An appointment with its order.
    Appointment(AppointmentId),
    /// An order with its appointment, if it has one.
    Order(OrderId),
    /// An appointment to be made, with its order.
    NewAppointment(AppointmentId, OrderId),
    /// A ticket to be made.
    NewTicket(OrderId),
    /// The catalogue of a city.
    Catalogue,
}

impl Command {
    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Self::Confirm(a) | Self::Start(a) | Self::Complete(a) => {
                Subject::Appointment(a.appointment_id)
            }
            Self::Create(a) => Subject::NewAppointment(a.appointment_id, a.order_id),
            Self::Estimate(a) => Subject::Appointment(a.appointment_id),
            Self::Assign(a) => Subject::Appointment(a.appointment_id),
            Self::Reschedule(a) => Subject::Appointment(a.appointment_id),
            Self::Cancel(a) => Subject::Appointment(a.appointment_id),
            Self::Weigh(a) => Subject::Order(a.order_id),
            Self::Accept(a) => Subject::Order(a.order_id),
            Self::Pay(a) => Subject::Order(a.order_id),
            Self::Refund(a) => Subject::Order(a.order_id),
            Self::Void(a) => Subject::Order(a.order_id),
            Self::Receive(a) => Subject::Order(a.order_id),
            Self::Ticket(a) => Subject::NewTicket(a.order_id),
            Self::Publish(_) => Subject::Catalogue,
        }
    }
}
