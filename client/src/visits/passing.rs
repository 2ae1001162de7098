//! States of a page read as far as storing and listing them needs, without the store: of a first sync this is done beside
//! it, on another thread.

use super::rows::{self, Half};
use crate::{
    error::{Error, Result},
    store::{appointment_list, order_list},
    view::visit::RowSync,
};
use huishou_domain::{
    order::Order,
    sync::{body::Body, message::Put, scope::Kind},
};
use serde::Deserialize;
use std::collections::HashMap;
use uuid::Uuid;

/// A state, read.
pub struct Ready {
    /// The visit it belongs to.
    pub visit: Option<Uuid>,
    /// What becomes of the lists.
    pub listing: Listing,
}

/// What a state makes of the lists.
pub enum Listing {
    /// Nothing: it is of no visit, or of an appointment whose order has not come yet.
    Nothing,
    /// The visit has to be made from what the store holds: a part of it has not come with it.
    FromStore,
    /// The visit is whole.
    Rows(Box<Rows>),
}

/// A whole visit's rows.
pub struct Rows {
    /// None for a ticket.
    pub appointment: Option<appointment_list::Listed>,
    /// The order's.
    pub order: order_list::Listed,
    /// It has been weighed: its weight depends on the books.
    pub weighed: bool,
}

/// What is known while the states of one pull pass by.
#[derive(Default)]
pub struct Passing {
    /// Appointments whose order has not come yet.
    waiting: HashMap<Uuid, Half>,
    /// Categories counted by the piece, as of the books known so far.
    pub(super) by_piece: Vec<String>,
}

impl Passing {
    /// Takes in a state.
    ///
    /// # Errors
    /// It is not what it is called.
    pub fn read(&mut self, put: &Put) -> Result<Ready> {
        Ok(match put.kind {
            Kind::Appointment => {
                let half = half(&put.body)?;
                let visit = half.visit();
                // An older state of the same appointment is replaced.
                self.waiting.insert(visit, half);
                Ready {
                    visit: Some(visit),
                    listing: Listing::Nothing,
                }
            }
            Kind::Order => Ready {
                visit: Some(put.id),
                listing: self.order(put.id, &put.body)?,
            },
            Kind::PriceBook | Kind::Staff | Kind::Station => {
                is_named(put)?;
                Ready {
                    visit: None,
                    listing: Listing::Nothing,
                }
            }
        })
    }

    fn order(&mut self, visit: Uuid, body: &Body) -> Result<Listing> {
        let order: Order = body.read()?;
        let half = self.waiting.remove(&visit);
        // The order of an appointment that has not come with it: the store may hold the appointment.
        if order.appointment_id.is_some() != half.is_some() {
            return Ok(Listing::FromStore);
        }
        Ok(Listing::Rows(Box::new(self.whole(half, &order))))
    }

    /// The rows of a visit that nobody has changed here.
    pub(super) fn whole(&self, half: Option<Half>, order: &Order) -> Rows {
        let sync = RowSync::Synced;
        Rows {
            order: rows::order_row(half.as_ref(), order, sync, &self.by_piece),
            weighed: order.current().is_some(),
            appointment: half.map(|half| rows::appointment_row(half, order, sync)),
        }
    }

    /// An appointment that was read before.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn remember(&mut self, visit: Uuid, body: &Body) -> Result<()> {
        self.waiting.insert(visit, half(body)?);
        Ok(())
    }

    /// Appointments whose order did not come.
    pub(super) fn left(&mut self) -> HashMap<Uuid, Half> {
        std::mem::take(&mut self.waiting)
    }
}

fn half(body: &Body) -> Result<Half> {
    let appointment = body.read();
    appointment
        .map(Half::of)
        .map_err(|_| Error::Undecodable("an appointment that is none".into()))
}

/// What belongs to no visit is only passed on: it has to say at least what it is.
fn is_named(put: &Put) -> Result<()> {
    #[derive(Deserialize)]
    struct Named {
        id: Uuid,
    }
    match put.body.read::<Named>() {
        Ok(named) if named.id == put.id => Ok(()),
        _ => Err(Error::Undecodable(format!(
            "a {} that is none",
            put.kind.as_str()
        ))),
    }
}

/// All that is read of an appointment to know its visit.
#[derive(Deserialize)]
struct OfVisit {
    order_id: Uuid,
}

/// The visit an aggregate's body belongs to: the order's id, which appointment and order share.
#[must_use]
pub fn visit_of(kind: Kind, id: Uuid, body: &Body) -> Option<Uuid> {
    match kind {
        Kind::Order => Some(id),
        Kind::Appointment => body.read::<OfVisit>().ok().map(|of| of.order_id),
        Kind::PriceBook | Kind::Staff | Kind::Station => None,
    }
}

/// A page whose states were read beside the store, in their order.
pub struct Read {
    /// One for each put.
    pub states: Vec<Ready>,
    /// What is known after it.
    pub passing: Passing,
}

impl Passing {
    /// Reads all states of a page.
    ///
    /// # Errors
    /// As for [`Passing::read`].
    pub fn page(mut self, puts: &[Put]) -> Result<Read> {
        let states = puts.iter().map(|put| self.read(put));
        Ok(Read {
            states: states.collect::<Result<_>>()?,
            passing: self,
        })
    }
}
