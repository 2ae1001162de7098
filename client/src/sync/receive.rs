//! States as they come: into what is shown, inside the transaction of the complete page, or — of a first sync — page by
//! page into the next edition, which is shown when it is whole.

use crate::{
    error::Result,
    store::{
        Db, base,
        edition::{self, Edition},
        memberships, meta, mutations, overlay,
    },
    visits::{Arriving, Lists, Ready},
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
        if edition::is_begun(db)? {
            return Ok(Self::into(Edition::Next, Arriving::resumed(db)?, None));
        }
        edition::begin(db)?;
        Ok(Self::into(
            Edition::Next,
            Arriving::next(),
            Some(HashSet::new()),
        ))
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

    /// What a page says of states and scopes; `beside` where its states were read already.
    ///
    /// # Errors
    /// Of the store, or a state that is none.
    pub fn page(&mut self, db: &Db, page: &PullAnswer, beside: Option<Vec<Ready>>) -> Result<()> {
        for scope in &page.reset {
            memberships::clear_scope(db, self.edition, scope)?;
            self.set = None;
            self.loosened |= self.puts > 0 || self.fresh.is_none();
        }
        let mut into = Statements::begin(db, self.edition)?;
        let mut beside = beside.into_iter().flatten();
        for put in &page.puts {
            let ready = match beside.next() {
                Some(ready) => ready,
                None => self.arriving.read(put)?,
            };
            self.take(db, &mut into, put, ready)?;
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
    pub fn states(
        &mut self,
        db: &Db,
        mut page: PullAnswer,
        beside: Option<Vec<Ready>>,
    ) -> Result<PullAnswer> {
        self.page(db, &page, beside)?;
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
        let ready = self.arriving.read(put)?;
        self.take(db, &mut Statements::begin(db, self.edition)?, put, ready)
    }

    fn take(&mut self, db: &Db, into: &mut Statements<'_>, put: &Put, ready: Ready) -> Result<()> {
        let new = base::New {
            kind: put.kind,
            id: put.id,
            version: put.version,
            visit: ready.visit,
            scopes: self.set_of(db, &put.scopes)?,
            body: put.body.text(),
        };
        let fresh = self.fresh.as_mut();
        let is_new = if fresh.is_some_and(|fresh| fresh.insert((put.kind, put.id))) {
            into.base.insert(&new)?;
            true
        } else {
            base::put_held(db, self.edition, &new)?
        };
        if let (Edition::Next, false, Some(visit)) = (self.edition, is_new, ready.visit) {
            self.arriving.again(db, visit)?;
        }
        // Held for no scope: let go of at the end.
        self.loosened |= put.scopes.is_empty();
        self.puts += 1;
        self.kinds.insert(put.kind.as_str());
        self.arriving.list(db, &mut into.lists, ready)
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

/// The statements of a page.
struct Statements<'db> {
    base: base::Writing<'db>,
    lists: Lists<'db>,
}

impl<'db> Statements<'db> {
    fn begin(db: &'db Db, edition: Edition) -> Result<Self> {
        Ok(Self {
            base: base::Writing::into(db, edition)?,
            lists: Lists::into(db, edition)?,
        })
    }
}
