//! The complete page: everything staged takes effect in one transaction — states, departures, verdicts, the
//! retirement of commands whose effect the states contain, and the comparison with the server's own sums.

use super::{
    incarnation::{self, Said},
    pull,
    receive::{Receiving, note_piece_goods},
    verdicts,
};
use crate::{
    clock::Contact,
    error::Result,
    store::{
        Commit, Db, Store, base,
        edition::{self, Edition},
        memberships, meta, mutations, staging,
    },
    visits::{self, Ready},
};
use huishou_domain::sync::{
    check::Check,
    message::{PullAnswer, PullRequest},
    scope::{Kind, Scope},
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Applied commands are kept this long, for a server that was restored from an older backup.
const KEEP_APPLIED_MS: i64 = 7 * 24 * 3_600 * 1_000;

/// What a complete pull did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Applied {
    /// Aggregates stored.
    pub puts: usize,
    /// Aggregates forgotten or made shadows.
    pub drops: usize,
    /// Pages.
    pub pages: usize,
    /// The server's highest processed command.
    pub last_mutation: i64,
    /// Scopes compared with the server's sums.
    pub checked: usize,
    /// Of those, the ones that differ and are fetched again with the next pull.
    pub mismatched: Vec<String>,
    /// Scopes that differed and were fetched again in the same round.
    pub repaired: Vec<String>,
    /// Kinds that changed.
    #[serde(skip)]
    pub kinds: BTreeSet<&'static str>,
}

impl Applied {
    /// With what a second pull did, that fetched the differing scopes again.
    #[must_use]
    pub fn followed_by(mut self, again: Self) -> Self {
        self.repaired.append(&mut self.mismatched);
        self.kinds.extend(&again.kinds);
        Self {
            puts: self.puts + again.puts,
            drops: self.drops + again.drops,
            pages: self.pages + again.pages,
            repaired: self.repaired,
            kinds: self.kinds,
            ..again
        }
    }
}

/// Applies the staged pages, the last of which is complete.
///
/// # Errors
/// Of the store, or a staged page that cannot be read; then nothing has changed.
pub fn apply(store: &mut Store, contact: Contact) -> Result<Applied> {
    store.write(Commit::Apply, |db| {
        let fresh = meta::get(db, meta::Key::StagedFresh)?.unwrap_or(false);
        all(db, fresh, None, None, None, contact)
    })
}

/// Applies a complete page with those staged before it, of a first sync with what is known of those. None for an answer
/// to an older question.
///
/// # Errors
/// As for [`apply`].
pub fn take(
    store: &mut Store,
    asked: &PullRequest,
    page: PullAnswer,
    read: Option<Vec<Ready>>,
    first: Option<Receiving>,
    contact: Contact,
) -> Result<Option<Applied>> {
    store.write(Commit::Apply, |db| {
        if !pull::is_current(db, asked)? {
            return Ok(None);
        }
        let staged: Option<bool> = meta::get(db, meta::Key::StagedFresh)?;
        let fresh = staged.unwrap_or(asked.cursor.is_none());
        all(db, fresh, Some(page), read, first, contact).map(Some)
    })
}

fn all(
    db: &Db,
    fresh: bool,
    last: Option<PullAnswer>,
    read: Option<Vec<Ready>>,
    first: Option<Receiving>,
    contact: Contact,
) -> Result<Applied> {
    if edition::is_begun(db)? && !staging::is_empty(db)? {
        let first = first.map_or_else(|| Receiving::next(db), Ok)?;
        return all_first(db, first, last, read, contact);
    }
    let mut work = Work::begin(Receiving::begin(db)?);
    if fresh {
        memberships::clear(db)?;
        work.receiving.loosened = !work.receiving.arriving.was_empty();
    }
    // The price books stand on the last page of a first sync, and the weights of lists depend on them.
    match &last {
        Some(last) => work.books(db, last)?,
        None => staging::last(db)?.map_or(Ok(()), |last| work.books(db, &last))?,
    }
    work.staged = staging::each(db, |page| work.page(db, page))?;
    if let Some(last) = last {
        work.page(db, last)?;
    }
    work.finish(db, contact)
}

/// Of a first sync everything but the last page lies in the next edition already.
fn all_first(
    db: &Db,
    first: Receiving,
    last: Option<PullAnswer>,
    read: Option<Vec<Ready>>,
    contact: Contact,
) -> Result<Applied> {
    let mut work = Work::begin(first);
    let last = last
        .map(|last| work.receiving.states(db, last, read))
        .transpose()?;
    work.receiving.show(db)?;
    work.staged = staging::each(db, |page| work.page(db, page))?;
    if let Some(last) = last {
        work.page(db, last)?;
    }
    work.finish(db, contact)
}

struct Work {
    done: Applied,
    receiving: Receiving,
    touched: BTreeSet<Uuid>,
    /// Pages that were staged before.
    staged: usize,
    said: Said,
    /// Scopes that came anew.
    reset: BTreeSet<Scope>,
    checks: Option<BTreeMap<Scope, Check>>,
    scopes: Option<Vec<Scope>>,
    cursor: String,
    at: i64,
}

impl Work {
    fn begin(receiving: Receiving) -> Self {
        Self {
            done: Applied::default(),
            receiving,
            touched: BTreeSet::new(),
            staged: 0,
            said: Said {
                incarnation: 1,
                last_mutation: 0,
                epoch: Uuid::nil(),
                told: None,
            },
            reset: BTreeSet::new(),
            checks: None,
            scopes: None,
            cursor: String::new(),
            at: 0,
        }
    }

    /// The price books of a page, ahead of everything else.
    fn books(&mut self, db: &Db, page: &PullAnswer) -> Result<()> {
        let mut any = false;
        for put in page.puts.iter().filter(|put| put.kind == Kind::PriceBook) {
            self.receiving.put(db, put)?;
            self.receiving.puts -= 1;
            any = true;
        }
        if any {
            self.receiving.arriving.books(&note_piece_goods(db)?);
        }
        Ok(())
    }

    fn page(&mut self, db: &Db, page: PullAnswer) -> Result<()> {
        self.done.pages += 1;
        self.at = page.server_time.timestamp_millis();
        self.receiving.page(db, &page, None)?;
        self.said = Said::from(&page);
        if incarnation::are_ours(db, self.said)? {
            let concerned = verdicts::record(db, &page.verdicts, self.at)?;
            self.touched.extend(concerned.applied);
            self.touched.extend(concerned.refused);
        }
        self.done.last_mutation = page.last_mutation;
        self.checks = page.checks;
        self.scopes = page.scopes;
        self.cursor = page.cursor;
        self.reset.extend(page.reset);
        Ok(())
    }

    fn finish(mut self, db: &Db, contact: Contact) -> Result<Applied> {
        self.leave_lost_scopes(db)?;
        let agreed = incarnation::compare(db, self.said)?;
        self.touched.extend(agreed.touched);
        self.touched
            .extend(mutations::retire_through(db, agreed.contained)?);
        self.let_go(db)?;
        if self.receiving.kinds.contains(Kind::PriceBook.as_str()) {
            self.receiving.arriving.books(&note_piece_goods(db)?);
        }
        self.touched.append(&mut self.receiving.arriving.rest(db)?);
        self.done.puts = self.receiving.puts;
        self.done.kinds.append(&mut self.receiving.kinds);
        for visit in &self.touched {
            visits::rebuild(db, *visit)?;
        }
        // A visit's two rows show something of each other.
        if !self.touched.is_empty() || self.done.kinds.contains(Kind::Appointment.as_str()) {
            self.done
                .kinds
                .extend([Kind::Appointment.as_str(), Kind::Order.as_str()]);
        }
        self.note_where_we_are(db, contact)?;
        self.compare(db)?;
        mutations::prune(db, self.at - KEEP_APPLIED_MS)?;
        Ok(self.done)
    }

    /// Scopes this device no longer holds.
    fn leave_lost_scopes(&mut self, db: &Db) -> Result<()> {
        let Some(granted) = &self.scopes else {
            return Ok(());
        };
        let granted: BTreeSet<String> = granted.iter().map(ToString::to_string).collect();
        for held in memberships::scopes(db)? {
            if let (false, Ok(scope)) = (granted.contains(&held), held.parse()) {
                memberships::clear_scope(db, Edition::Shown, &scope)?;
                self.receiving.loosened = true;
            }
        }
        Ok(())
    }

    /// Forgets what no scope holds any more. What still has unanswered, uncontained or refused commands stays as a
    /// read-only shadow, so that they can be seen and dealt with.
    fn let_go(&mut self, db: &Db) -> Result<()> {
        // Looking for them reads everything held: only when there can be any.
        if !self.receiving.loosened && !base::any_shadow(db)? {
            return Ok(());
        }
        let live: BTreeSet<Uuid> = mutations::live_visits(db)?.into_iter().collect();
        for row in base::loose(db)? {
            let is_live = row.visit.is_some_and(|visit| live.contains(&visit));
            if is_live && row.dropped {
                continue;
            }
            if is_live {
                base::shadow(db, &row.kind, row.id)?;
            } else {
                base::remove(db, &row.kind, row.id)?;
            }
            self.done.drops += 1;
            self.done
                .kinds
                .extend(Kind::parse(&row.kind).map(Kind::as_str));
            self.touched.extend(row.visit);
        }
        Ok(())
    }

    fn note_where_we_are(&self, db: &Db, contact: Contact) -> Result<()> {
        if self.staged > 0 {
            staging::clear(db)?;
            meta::remove(db, meta::Key::StagedCursor)?;
            meta::remove(db, meta::Key::StagedFresh)?;
        }
        meta::set(db, meta::Key::Cursor, &self.cursor)?;
        meta::set(db, meta::Key::LastMutation, &self.done.last_mutation)?;
        if !self.said.epoch.is_nil() {
            meta::set(db, meta::Key::Epoch, &self.said.epoch)?;
        }
        meta::set_contact(db, &contact)
    }

    /// A scope whose copy differs from the server's snapshot is fetched again; the outbox stays.
    fn compare(&mut self, db: &Db) -> Result<()> {
        let asked: Option<Vec<Scope>> = meta::get(db, meta::Key::Again)?;
        if asked.is_some() {
            meta::remove(db, meta::Key::Again)?;
        }
        let Some(checks) = &self.checks else {
            return Ok(());
        };
        let (mut differing, asked) = (Vec::new(), asked.unwrap_or_default());
        for (scope, theirs) in checks {
            let ours = base::check(db, scope)?;
            if ours != *theirs {
                tracing::warn!(%scope, ours = ours.count, theirs = theirs.count, "a scope differs from the server's and is fetched again");
                differing.push(scope.clone());
            }
        }
        self.done.checked = checks.len();
        if differing.is_empty() {
            return meta::set(db, meta::Key::LastCheck, &self.at);
        }
        self.done.mismatched = differing.iter().map(ToString::to_string).collect();
        let repaired: u32 = meta::get(db, meta::Key::Repaired)?.unwrap_or(0);
        let more = u32::try_from(differing.len()).unwrap_or(u32::MAX);
        meta::set(db, meta::Key::Repaired, &repaired.saturating_add(more))?;
        // A server that does not know of single scopes gives everything anew.
        let passed_over = |scope: &Scope| asked.contains(scope) && !self.reset.contains(scope);
        if differing.iter().any(passed_over) {
            return pull::start_over(db);
        }
        meta::set(db, meta::Key::Again, &differing)
    }
}
