//! States as they come: into what is shown, inside the transaction of the complete page, or — of a first sync — page by
//! page into the next edition, which is shown when it is whole.

use crate::{
    error::{Error, Result},
    store::{
        Db, base,
        edition::{self, Edition},
        memberships, meta, mutations, overlay,
    },
    visits::{self, Arriving},
};
use huishou_domain::{
    price_book::PriceBook,
    pricing::Unit,
    sync::{
        message::{Dropped, PullAnswer, Put},
        scope::{Kind, Scope},
    },
};
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// What is known while states come.
pub struct Receiving {
    edition: Edition,
    /// Those of visits, on their way to the lists.
    pub arriving: Arriving,
    /// Aggregates stored so far into what was empty; none are counted where a broken-off first sync goes on.
    fresh: Option<HashSet<(Kind, Uuid)>>,
    /// The set of scopes that the last one was held for.
    set: Option<(Vec<Scope>, Option<i64>)>,
    /// A scope was taken away: something may be held for none now.
    pub loosened: bool,
    /// Aggregates stored.
    pub puts: usize,
    /// Their kinds.
    pub kinds: BTreeSet<&'static str>,
}

impl Receiving {
    /// Into what is shown.
    ///
    /// # Errors
    /// Of the store.
    pub fn begin(db: &Db) -> Result<Self> {
        let arriving = Arriving::begin(db)?;
        let fresh = arriving.was_empty().then(HashSet::new);
        Ok(Self::into(Edition::Shown, arriving, fresh))
    }

    /// Into the next edition: begun now, or gone on with.
    ///
    /// # Errors
    /// Of the store.
    pub fn next(db: &Db) -> Result<Self> {
        let fresh = if edition::is_begun(db)? {
            None
        } else {
            edition::begin(db)?;
            Some(HashSet::new())
        };
        Ok(Self::into(Edition::Next, Arriving::next(db)?, fresh))
    }

    fn into(edition: Edition, arriving: Arriving, fresh: Option<HashSet<(Kind, Uuid)>>) -> Self {
        Self {
            edition,
            arriving,
            fresh,
            set: None,
            loosened: false,
            puts: 0,
            kinds: BTreeSet::new(),
        }
    }

    /// Whether a pull that begins now is a first sync: nothing is held, and nothing was done here.
    ///
    /// # Errors
    /// Of the store.
    pub fn is_first(db: &Db) -> Result<bool> {
        Ok(base::is_empty(db)?
            && overlay::visits(db)?.is_empty()
            && mutations::visits(db)?.is_empty())
    }

    /// What a page says of states and scopes.
    ///
    /// # Errors
    /// Of the store, or a state that is none.
    pub fn page(&mut self, db: &Db, page: &PullAnswer) -> Result<()> {
        for scope in &page.reset {
            memberships::clear_scope(db, self.edition, scope)?;
            self.set = None;
            self.loosened |= self.puts > 0 || self.fresh.is_none();
        }
        for put in &page.puts {
            self.put(db, put)?;
        }
        for dropped in &page.drops {
            self.dropped(db, dropped)?;
        }
        Ok(())
    }

    /// Takes in what a page says of states and scopes; answers what else it says.
    ///
    /// # Errors
    /// As for [`Receiving::page`].
    pub fn states(&mut self, db: &Db, mut page: PullAnswer) -> Result<PullAnswer> {
        self.page(db, &page)?;
        page.puts.clear();
        page.drops.clear();
        page.reset.clear();
        Ok(page)
    }

    /// Stores a state.
    ///
    /// # Errors
    /// Of the store, or a state that is none.
    pub fn put(&mut self, db: &Db, put: &Put) -> Result<()> {
        let visit = visits::visit_of(put.kind, put.id, &put.body);
        if visit.is_none() {
            is_named(put)?;
        }
        let new = base::New {
            kind: put.kind,
            id: put.id,
            version: put.version,
            visit,
            scopes: self.set_of(db, &put.scopes)?,
            body: put.body.text(),
        };
        let fresh = self.fresh.as_mut();
        let is_new = if fresh.is_some_and(|fresh| fresh.insert((put.kind, put.id))) {
            base::insert(db, self.edition, &new)?;
            true
        } else {
            base::put_held(db, self.edition, &new)?
        };
        if let (Edition::Next, false, Some(visit)) = (self.edition, is_new, visit) {
            self.arriving.again(db, visit)?;
        }
        // Held for no scope: let go of at the end.
        self.loosened |= put.scopes.is_empty();
        self.puts += 1;
        self.kinds.insert(put.kind.as_str());
        self.arriving.take(db, put, visit)
    }

    fn set_of(&mut self, db: &Db, scopes: &[Scope]) -> Result<Option<i64>> {
        match &self.set {
            Some((last, set)) if last == scopes => Ok(*set),
            _ => {
                let set = memberships::set_of(db, scopes)?;
                self.set = Some((scopes.to_vec(), set));
                Ok(set)
            }
        }
    }

    fn dropped(&mut self, db: &Db, dropped: &Dropped) -> Result<()> {
        self.loosened = true;
        memberships::clear_row(db, self.edition, dropped.kind, dropped.id)
    }

    /// The next edition is whole, and is shown from now on.
    ///
    /// # Errors
    /// Of the store.
    pub fn show(&mut self, db: &Db) -> Result<()> {
        edition::swap(db)?;
        self.edition = Edition::Shown;
        self.loosened = true;
        self.kinds
            .extend(Kind::ALL.iter().map(|kind| kind.as_str()));
        if self.fresh.is_none() {
            self.puts = usize::try_from(base::count(db)?).unwrap_or(usize::MAX);
        }
        self.arriving.shown(db, &note_piece_goods(db)?)
    }
}

/// Remembers which goods are counted by the piece, so that list rows can sum kilograms.
///
/// # Errors
/// Of the store.
pub fn note_piece_goods(db: &Db) -> Result<BTreeSet<String>> {
    let books: Vec<PriceBook> = base::all(db, Kind::PriceBook)?;
    let by_piece: BTreeSet<String> = books
        .iter()
        .flat_map(PriceBook::catalogue)
        .filter(|goods| goods.unit == Unit::Piece)
        .map(|goods| goods.category)
        .collect();
    meta::set(db, meta::Key::PieceGoods, &by_piece)?;
    Ok(by_piece)
}

/// What belongs to no visit is only passed on: it has to say at least what it is. Bodies of visits are read anyway.
fn is_named(put: &Put) -> Result<()> {
    #[derive(serde::Deserialize)]
    struct Named {
        id: Uuid,
    }
    match serde_json::from_str::<Named>(put.body.text()) {
        Ok(named) if named.id == put.id && put.kind != Kind::Appointment => Ok(()),
        _ => Err(Error::Undecodable(format!(
            "a {} that is none",
            put.kind.as_str()
        ))),
    }
}
