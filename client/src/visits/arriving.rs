//! Visits as a pull brings them. The list rows of a visit that nobody has changed here are made from the two bodies as
//! they pass by; reading back what was just stored, visit by visit, took longer than storing it.

use super::rows;
use crate::{
    error::Result,
    store::{Db, appointment_list, base, edition::Edition, meta, mutations, order_list, overlay},
    view::visit::RowSync,
};
use huishou_domain::{
    appointment::Appointment,
    order::Order,
    sync::{body::Body, message::Put, scope::Kind},
    visit::Visit,
};
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// What is known while the pages of one pull pass by.
pub struct Arriving {
    /// Where they go.
    edition: Edition,
    /// Nothing was held before: there are no older rows to take away.
    was_empty: bool,
    /// Visits with commands made here, once they are asked for; theirs are rebuilt from the store.
    changed: Option<BTreeSet<Uuid>>,
    /// Categories counted by the piece, as of the books applied so far.
    by_piece: Vec<String>,
    /// Appointments whose order has not come yet.
    waiting: HashMap<Uuid, Body>,
    /// Visits listed already whose weight depends on the books.
    weighed: BTreeSet<Uuid>,
    /// Visits to be rebuilt from the store.
    rest: BTreeSet<Uuid>,
}

impl Arriving {
    /// Before the first page.
    ///
    /// # Errors
    /// Of the store.
    pub fn begin(db: &Db) -> Result<Self> {
        Ok(Self {
            edition: Edition::Shown,
            was_empty: base::is_empty(db)? && overlay::visits(db)?.is_empty(),
            changed: None,
            by_piece: meta::get(db, meta::Key::PieceGoods)?.unwrap_or_default(),
            waiting: HashMap::new(),
            weighed: BTreeSet::new(),
            rest: BTreeSet::new(),
        })
    }

    /// Of a first sync, into the next edition; where one was begun before, it goes on with what that one holds. A visit
    /// is done with once its order is listed there: whatever comes of it afterwards takes it from the list again.
    ///
    /// # Errors
    /// Of the store.
    pub fn next(db: &Db) -> Result<Self> {
        let mut waiting = HashMap::new();
        let mut spoilt = None;
        base::next_unlisted(db, |visit, body| match Body::parse(body) {
            Ok(body) => drop(waiting.insert(visit, body)),
            Err(error) => spoilt = Some(error),
        })?;
        if let Some(error) = spoilt {
            return Err(error.into());
        }
        Ok(Self {
            edition: Edition::Next,
            was_empty: true,
            // What was done here is laid over it when it is shown.
            changed: Some(BTreeSet::new()),
            by_piece: Vec::new(),
            waiting,
            weighed: BTreeSet::new(),
            rest: BTreeSet::new(),
        })
    }

    /// The next edition is shown now; the visits of it that are not listed yet, or are listed with weights that the books
    /// change, are rebuilt from it.
    ///
    /// # Errors
    /// Of the store.
    pub fn shown(&mut self, db: &Db, by_piece: &BTreeSet<String>) -> Result<()> {
        self.edition = Edition::Shown;
        self.by_piece = by_piece.iter().cloned().collect();
        self.weighed.clear();
        self.rest.extend(base::unlisted(db)?);
        if !self.by_piece.is_empty() {
            let depends = |goods: &Vec<String>| goods.iter().any(|g| self.by_piece.contains(g));
            let weighed = order_list::weighed(db)?.into_iter();
            self.rest
                .extend(weighed.filter(|(_, g)| depends(g)).map(|(visit, _)| visit));
        }
        self.rest.extend(mutations::visits(db)?);
        Ok(())
    }

    /// A visit that was listed in the next edition is not any more.
    ///
    /// # Errors
    /// Of the store.
    pub fn again(&self, db: &Db, visit: Uuid) -> Result<()> {
        order_list::remove_visit(db, self.edition, visit)
    }

    /// Nothing was held before the first page.
    #[must_use]
    pub const fn was_empty(&self) -> bool {
        self.was_empty
    }

    /// Takes in a state just stored, of this visit if it belongs to one.
    ///
    /// # Errors
    /// Of the store, or a body of another shape.
    pub fn take(&mut self, db: &Db, put: &Put, visit: Option<Uuid>) -> Result<()> {
        let Some(visit) = visit else { return Ok(()) };
        match put.kind {
            _ if self.is_changed(db, visit)? => drop(self.rest.insert(visit)),
            Kind::Appointment => {
                // Until its order comes; an older state of the same appointment is replaced.
                self.waiting.insert(visit, put.body.clone());
            }
            _ => self.order(db, visit, &put.body)?,
        }
        Ok(())
    }

    fn is_changed(&mut self, db: &Db, visit: Uuid) -> Result<bool> {
        let changed = match self.changed.take() {
            Some(changed) => changed,
            None => mutations::visits(db)?.into_iter().collect(),
        };
        Ok(self.changed.insert(changed).contains(&visit))
    }

    fn order(&mut self, db: &Db, visit: Uuid, body: &Body) -> Result<()> {
        let order: Order = body.read()?;
        let appointment: Option<Appointment> = match self.waiting.remove(&visit) {
            Some(body) => Some(body.read()?),
            None => None,
        };
        // The order of an appointment that has not come with it: the store may hold the appointment.
        if order.appointment_id.is_some() != appointment.is_some() {
            self.rest.insert(visit);
            return Ok(());
        }
        if order.current().is_some() {
            self.weighed.insert(visit);
        }
        // What came before is superseded by this.
        self.rest.remove(&visit);
        let whole = Visit { appointment, order };
        if !self.was_empty {
            appointment_list::remove_visit(db, visit)?;
        }
        if let Some(row) = rows::appointment_row(&whole, RowSync::Synced) {
            appointment_list::put(db, self.edition, &row)?;
        }
        let row = rows::order_row(&whole, RowSync::Synced, &self.by_piece);
        order_list::put(db, self.edition, &row)
    }

    /// The books say which goods are counted by the piece.
    pub fn books(&mut self, by_piece: &BTreeSet<String>) {
        if !by_piece.iter().eq(&self.by_piece) {
            self.by_piece = by_piece.iter().cloned().collect();
            self.rest.append(&mut self.weighed);
        }
    }

    /// The visits that are still to be rebuilt from the store.
    pub fn rest(&mut self) -> BTreeSet<Uuid> {
        let mut rest = std::mem::take(&mut self.rest);
        rest.extend(self.waiting.drain().map(|(visit, _)| visit));
        rest
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
