//! The visits that the commands of a push are about, locked together and in one order.

use crate::store::appointments::Stored;
use huishou_domain::{
    appointment::Appointment,
    command::Subject,
    ids::{AppointmentId, OrderId},
    order::Order,
};
use std::collections::{BTreeSet, HashMap};

/// Visits that are locked together.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The appointments asked for; none where there is none.
    pub appointments: HashMap<AppointmentId, Option<Stored<Appointment>>>,
    /// The orders asked for, with the months they lie in; none where there is none.
    pub orders: HashMap<OrderId, Option<(i32, Stored<Order>)>>,
    /// Which appointment an order belongs to, if to any.
    pub belongs: HashMap<OrderId, Option<AppointmentId>>,
}

/// The orders that commands name without their appointment, ascending.
#[must_use]
pub fn orders_named(subjects: &[Subject]) -> BTreeSet<OrderId> {
    let order = |subject: &Subject| match subject {
        Subject::Order(id) | Subject::NewTicket(id) | Subject::NewAppointment(_, id) => Some(*id),
        Subject::Appointment(_) | Subject::Catalogue => None,
    };
    subjects.iter().filter_map(order).collect()
}

impl Gathered {
    /// The appointments that commands are about, ascending, once it is known what the named orders belong to.
    #[must_use]
    pub fn appointments_of(&self, subjects: &[Subject]) -> BTreeSet<AppointmentId> {
        let named = |subject: &Subject| match subject {
            Subject::Appointment(id) | Subject::NewAppointment(id, _) => Some(*id),
            Subject::Order(_) | Subject::NewTicket(_) | Subject::Catalogue => None,
        };
        let theirs = self.belongs.values().copied().flatten();
        subjects.iter().filter_map(named).chain(theirs).collect()
    }

    /// The orders that commands are about, ascending, once their appointments are locked.
    #[must_use]
    pub fn orders_of(&self, subjects: &[Subject]) -> BTreeSet<OrderId> {
        let theirs = self.appointments.values().flatten();
        let theirs = theirs.map(|stored| stored.body.order_id);
        orders_named(subjects).into_iter().chain(theirs).collect()
    }
}
