//! Who may ask for what. Facts are taken from any member of staff (a visit given to another is a review, not a
//! refusal); intents need the right role and the right station.

use super::{Party, Refusal, Visit};
use crate::{
    command::Command,
    staff::{Actor, Role},
};

/// Checks that the party may give this command on this visit.
///
/// # Errors
/// [`Refusal::Forbidden`].
pub fn permit(visit: &Visit, command: &Command, party: &Party) -> Result<(), Refusal> {
    let allowed = match party {
        Party::System => true,
        Party::Customer(user) => visit.order.user_id == Some(*user) && customer_may(command),
        Party::Partner => visit.order.user_id.is_none() && partner_may(command),
        Party::Staff(actor) => command.is_fact() || staff_may(visit, command, actor),
    };
    if allowed {
        Ok(())
    } else {
        Err(Refusal::Forbidden)
    }
}

/// Checks that a member of staff may book a pick-up for a customer: those who answer the telephone, at whatever depot.
/// The visit belongs to the depot that serves the address.
///
/// # Errors
/// [`Refusal::Forbidden`].
pub const fn permit_booking(actor: &Actor) -> Result<(), Refusal> {
    match actor.role {
        Role::Station | Role::Dispatcher | Role::Admin => Ok(()),
        Role::Collector => Err(Refusal::Forbidden),
    }
}

const fn customer_may(command: &Command) -> bool {
    matches!(
        command,
        Command::Reschedule(_) | Command::Cancel(_) | Command::Accept(_)
    )
}

/// Which visits are the partner's own is asked before, by the key they came through. Nobody accepts a final quote for the
/// customer.
const fn partner_may(command: &Command) -> bool {
    matches!(command, Command::Reschedule(_) | Command::Cancel(_))
}

fn staff_may(visit: &Visit, command: &Command, actor: &Actor) -> bool {
    if actor.role.plans_everywhere() {
        return true;
    }
    let at_station = actor.station == Some(visit.order.station_id);
    let own = visit
        .appointment
        .as_ref()
        .map_or(visit.order.collector, |a| a.assignee)
        == Some(actor.id);
    match command {
        Command::Assign(_) => actor.role == Role::Station && at_station,
        Command::Publish(_) => false,
        _ => match actor.role {
            Role::Station => at_station,
            _ => own,
        },
    }
}
