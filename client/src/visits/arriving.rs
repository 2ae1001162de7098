//! Visits as a pull brings them. The list rows of a visit that nobody has changed here are made from the two bodies as
//! they pass by; reading back what was just stored, visit by visit, took longer than storing it.

use super::passing::{Listing, Passing, Ready, Rows};
use crate::{
    error::Result,
    store::{Db, appointment_list, base, edition::Edition, meta, mutations, order_list, overlay},
};
use huishou_domain::sync::{body::Body, message::Put, scope::Kind};
use std::collections::BTreeSet;
use uuid::Uuid;

/// What is known while the pages of one pull pass by.
pub struct Arriving {
    /// Where they go.
    edition: Edition,
    /// Nothing was held before: there are no older rows to take away.
    was_empty: bool,
    /// Visits with commands made here, once they are asked for; theirs are rebuilt from the store.
    changed: Option<BTreeSet<Uuid>>,
    /// What is known of the states themselves.
    passing: Passing,
    /// Visits listed already whose weight depends on the books.
    weighed: BTreeSet<Uuid>,
    /// Visits to be rebuilt from the store.
    rest: BTreeSet<Uuid>,
    /// Visits taken from the next edition's list again; none where that edition was begun by somebody else, and only the
    /// store can tell what is not listed there.
    unlisted: Option<BTreeSet<Uuid>>,
}

/// The statements that list visits, for as many as come.
pub struct Lists<'db> {
    appointments: appointment_list::Writing<'db>,
    orders: order_list::Writing<'db>,
}

impl<'db> Lists<'db> {
    /// Into this edition.
    ///
    /// # Errors
    /// Of the store.
    pub fn into(db: &'db Db, edition: Edition) -> Result<Self> {
        Ok(Self {
            appointments: appointment_list::Writing::into(db, edition)?,
            orders: order_list::Writing::into(db, edition)?,
        })
    }
}

impl Arriving {
    /// Before the first page.
    ///
    /// # Errors
    /// Of the store.
    pub fn begin(db: &Db) -> Result<Self> {
        let mut passing = Passing::default();
        passing.by_piece = meta::get(db, meta::Key::PieceGoods)?.unwrap_or_default();
        Ok(Self {
            edition: Edition::Shown,
            was_empty: base::is_empty(db)? && overlay::visits(db)?.is_empty(),
            changed: None,
            passing,
            weighed: BTreeSet::new(),
            rest: BTreeSet::new(),
            unlisted: None,
        })
    }

    /// Of a first sync that begins now, into the next edition. A visit is done with once its order is listed there:
    /// whatever comes of it afterwards takes it from the list again.
    #[must_use]
    pub fn next() -> Self {
        Self {
            edition: Edition::Next,
            was_empty: true,
            // What was done here is laid over it when it is shown.
            changed: Some(BTreeSet::new()),
            passing: Passing::default(),
            weighed: BTreeSet::new(),
            rest: BTreeSet::new(),
            unlisted: Some(BTreeSet::new()),
        }
    }

    /// Of a first sync that was begun before: it goes on with what its edition holds.
    ///
    /// # Errors
    /// Of the store.
    pub fn resumed(db: &Db) -> Result<Self> {
        let mut passing = Passing::default();
        let mut spoilt = Ok(());
        base::next_unlisted(db, |visit, body| {
            if spoilt.is_ok() {
                let body = Body::parse(body).map_err(Into::into);
                spoilt = body.and_then(|body| passing.remember(visit, &body));
            }
        })?;
        spoilt?;
        Ok(Self {
            passing,
            unlisted: None,
            ..Self::next()
        })
    }

    /// The states of the pages so far were read beside the store: this is what is known of them.
    pub fn read_beside(&mut self, passing: Passing) {
        self.passing = passing;
    }

    /// The next edition is shown now; the visits of it that are not listed yet, or are listed with weights that the books
    /// change, are rebuilt from it.
    ///
    /// # Errors
    /// Of the store.
    pub fn shown(&mut self, db: &Db, by_piece: &BTreeSet<String>) -> Result<()> {
        self.edition = Edition::Shown;
        self.passing.by_piece = by_piece.iter().cloned().collect();
        let any_weighed = self.unlisted.is_none() || !self.weighed.is_empty();
        self.weighed.clear();
        match self.unlisted.take() {
            Some(unlisted) => self.rest.extend(unlisted),
            None => self.rest.extend(base::unlisted(db)?),
        }
        if any_weighed && !by_piece.is_empty() {
            let depends = |goods: &Vec<String>| goods.iter().any(|g| by_piece.contains(g));
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
    pub fn again(&mut self, db: &Db, visit: Uuid) -> Result<()> {
        if let Some(unlisted) = &mut self.unlisted {
            unlisted.insert(visit);
        }
        order_list::remove_visit(db, self.edition, visit)
    }

    /// Nothing was held before the first page.
    #[must_use]
    pub const fn was_empty(&self) -> bool {
        self.was_empty
    }

    /// Reads a state.
    ///
    /// # Errors
    /// It is not what it is called.
    pub fn read(&mut self, put: &Put) -> Result<Ready> {
        self.passing.read(put)
    }

    /// Lists what a state just stored has made whole.
    ///
    /// # Errors
    /// Of the store.
    pub fn list(&mut self, db: &Db, into: &mut Lists<'_>, ready: Ready) -> Result<()> {
        let Some(visit) = ready.visit else {
            return Ok(());
        };
        if self.is_changed(db, visit)? {
            self.rest.insert(visit);
            return Ok(());
        }
        match ready.listing {
            Listing::Nothing => Ok(()),
            Listing::FromStore => {
                self.rest.insert(visit);
                Ok(())
            }
            Listing::Rows(rows) => self.rows(db, into, visit, &rows),
        }
    }

    fn is_changed(&mut self, db: &Db, visit: Uuid) -> Result<bool> {
        let changed = match self.changed.take() {
            Some(changed) => changed,
            None => mutations::visits(db)?.into_iter().collect(),
        };
        Ok(self.changed.insert(changed).contains(&visit))
    }

    fn rows(&mut self, db: &Db, into: &mut Lists<'_>, visit: Uuid, rows: &Rows) -> Result<()> {
        if rows.weighed {
            self.weighed.insert(visit);
        }
        // What came before is superseded by this.
        self.rest.remove(&visit);
        if let Some(unlisted) = &mut self.unlisted {
            unlisted.remove(&visit);
        }
        if self.was_empty {
            if let Some(row) = &rows.appointment {
                into.appointments.put(row)?;
            }
            return into.orders.put(&rows.order);
        }
        relist(db, visit, rows)
    }

    /// The books say which goods are counted by the piece.
    pub fn books(&mut self, by_piece: &BTreeSet<String>) {
        if !by_piece.iter().eq(&self.passing.by_piece) {
            self.passing.by_piece = by_piece.iter().cloned().collect();
            self.rest.append(&mut self.weighed);
        }
    }

    /// Lists the visits whose appointment came without its order, as most do that change: the order is as it was. What is
    /// left is to be rebuilt from the store.
    ///
    /// # Errors
    /// Of the store, or an order that is none.
    pub fn rest(&mut self, db: &Db) -> Result<BTreeSet<Uuid>> {
        let mut rest = std::mem::take(&mut self.rest);
        for (visit, half) in self.passing.left() {
            let is_plain = !rest.contains(&visit) && !self.is_changed(db, visit)?;
            match base::get(db, Kind::Order, visit)?.filter(|row| is_plain && !row.dropped) {
                Some(row) => {
                    let order = serde_json::from_str(&row.body)?;
                    relist(db, visit, &self.passing.whole(Some(half), &order))?;
                }
                None => drop(rest.insert(visit)),
            }
        }
        Ok(rest)
    }
}

/// Lists a visit, whatever the lists said of it before.
fn relist(db: &Db, visit: Uuid, rows: &Rows) -> Result<()> {
    order_list::put(db, &rows.order)?;
    match &rows.appointment {
        Some(row) => appointment_list::put(db, row),
        None => appointment_list::remove_visit(db, visit),
    }
}
