//! Pull (sync.md §2): each page is read in one consistent snapshot — the head, the scopes' new keys, on the last page
//! also the keys without a number yet, then the aggregates as they are, with authorisation checked again. Most pulls need
//! no page: one look shows that there is nothing new ([`super::idle`]).

use super::{
    cursor::Cursor,
    epochs,
    grants::{self, Depot},
    idle, page,
    ports::{Ledger, Look, Place, Pulling},
    sequencer,
    start::resume,
};
use crate::{
    problem::Problem,
    store::{StoreError, WriteError, staff::Person},
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    ids::{DeviceId, StaffId},
    sync::{
        check::Check,
        message::{MAX_AGGREGATES, PullAnswer, PullRequest, SCHEMA},
        scope::Scope,
    },
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// After so many pages of the log the next runs to the head whatever its size.
const MOST_PAGES: u32 = 20;
/// How often a page is begun anew because something had to happen first.
const MOST_TURNS: u32 = 5;

/// Who pulls.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// On which device.
    pub device: DeviceId,
    /// Signed in as whom.
    pub staff: StaffId,
}

/// One attempt at a page.
enum Turn {
    Page(Box<PullAnswer>),
    /// The tail without numbers is too large for a page: it gets numbers first.
    SequenceFirst,
    /// The cursor is of this history and yet unknown to it: a replica may lag; read once more before believing it.
    ReadAgain,
    /// Read again and still unknown: the server's history was cut, so another one has to begin.
    HistoryCut(Uuid),
}

/// A question that has been read, and is this device's to ask.
pub struct Asked<'r> {
    caller: Caller,
    request: &'r PullRequest,
    cursor: Option<Cursor>,
}

impl<'r> Asked<'r> {
    /// Reads it.
    ///
    /// # Errors
    /// `bad_cursor`, `upgrade_required`.
    pub fn read(key: &[u8; 32], caller: Caller, request: &'r PullRequest) -> Result<Self, Problem> {
        known_schema(request.schema)?;
        let cursor = request
            .cursor
            .as_deref()
            .map(|text| Cursor::open(text, key))
            .transpose();
        let cursor = cursor.map_err(|_| Problem::new(400, "bad_cursor"))?;
        if cursor.as_ref().is_some_and(|c| c.device != caller.device) {
            return Err(Problem::new(400, "bad_cursor"));
        }
        Ok(Self {
            caller,
            request,
            cursor,
        })
    }

    /// Where the device stands, if it may be that there is nothing new for it.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        idle::place(self.cursor.as_ref()?, self.request)
    }

    /// The answer, if a look at that place shows that nothing is new.
    #[must_use]
    pub fn quiet(&self, look: &Look, at: DateTime<Utc>) -> Option<PullAnswer> {
        idle::answer(self.cursor.as_ref()?, self.request, look, at)
    }
}

/// Answers one page.
///
/// # Errors
/// `bad_cursor`, `upgrade_required`, or the database's.
pub async fn pull<L: Ledger>(
    db: &L,
    key: &[u8; 32],
    caller: Caller,
    request: &PullRequest,
    at: DateTime<Utc>,
) -> Result<PullAnswer, Problem> {
    let asked = Asked::read(key, caller, request)?;
    if let Some(place) = asked.place() {
        let look = db.look(caller.device, caller.staff, &place).await?;
        if let Some(answer) = asked.quiet(&look, at) {
            return Ok(answer);
        }
    }
    page(db, key, &asked, at).await
}

/// Answers one page of a device for which there may be something new.
///
/// # Errors
/// `invalid_token` of a person who left meanwhile, or the database's.
pub async fn page<L: Ledger>(
    db: &L,
    key: &[u8; 32],
    asked: &Asked<'_>,
    at: DateTime<Utc>,
) -> Result<PullAnswer, Problem> {
    let mut doubt = Doubt::None;
    for _ in 0..MOST_TURNS {
        match turn(db, key, asked, doubt, at).await {
            Ok(Turn::Page(answer)) => return Ok(*answer),
            Ok(Turn::SequenceFirst) => drop(sequencer::sequence(db).await?),
            Ok(Turn::ReadAgain) => doubt = Doubt::ReadAgain,
            Ok(Turn::HistoryCut(epoch)) => {
                epochs::rotate(db, epoch).await?;
                doubt = Doubt::Settled;
            }
            // A month's table made after the snapshot began cannot be read in it: the next snapshot can.
            Err(problem) if problem.is_busy() => {}
            Err(problem) => return Err(problem),
        }
    }
    Err(Problem::unavailable("database_unavailable", 1))
}

async fn turn<L: Ledger>(
    db: &L,
    key: &[u8; 32],
    asked: &Asked<'_>,
    doubt: Doubt,
    at: DateTime<Utc>,
) -> Result<Turn, Problem> {
    let Asked {
        caller,
        request,
        cursor,
    } = asked;
    let mut snapshot = match doubt {
        Doubt::ReadAgain => db.snapshot_of_now().await?,
        Doubt::None | Doubt::Settled => db.snapshot().await?,
    };
    let place = Place {
        scopes: Vec::new(),
        seq: cursor.as_ref().map_or(0, Cursor::seq),
    };
    let look = snapshot.look(caller.device, caller.staff, &place).await?;
    let head = look.head;
    if doubt == Doubt::None && look.progress.last_mutation < request.confirmed {
        return Ok(Turn::ReadAgain);
    }
    let (held, generation) = held_by(look.person.as_ref(), &look.depots)?;
    let known = match (continues(cursor.as_ref(), &look), doubt) {
        (Continues::Unknown, Doubt::None) => return Ok(Turn::ReadAgain),
        (Continues::Unknown, Doubt::ReadAgain) => return Ok(Turn::HistoryCut(head.epoch)),
        (continues, _) => continues == Continues::Here,
    };
    let mut start = resume(cursor.as_ref(), known, &held, generation, head);
    start.anew(&request.again, generation, head);
    let cursor = Cursor {
        device: caller.device,
        epoch: head.epoch,
        ..start.cursor
    };
    let limit = limit_of(cursor.pages, request);
    let mut page = page::Page::new(&mut snapshot, &held, head.seq, cursor, limit);
    let complete = match page.fill().await? {
        page::Filled::Complete => true,
        page::Filled::More => false,
        page::Filled::TailTooLarge => return Ok(Turn::SequenceFirst),
    };
    let (puts, drops, mut cursor) = page.take();
    cursor.head = head.seq;
    cursor.tag = match cursor.seq() {
        0 => String::new(),
        seq if known && seq == place.seq => look.tag,
        seq => snapshot.tag_of(seq).await?.unwrap_or_default(),
    };
    if complete {
        cursor.pages = 0;
    }
    let checks = if complete && request.check {
        Some(checks_of(&mut snapshot, &held).await?)
    } else {
        None
    };
    let progress = look.progress;
    // Numbers are dense: none above the last one.
    let verdicts = if progress.last_mutation > request.confirmed {
        snapshot
            .verdicts_after(caller.device, progress.incarnation, request.confirmed)
            .await?
    } else {
        Vec::new()
    };
    snapshot.finish().await?;
    Ok(Turn::Page(Box::new(PullAnswer {
        puts,
        drops,
        last_mutation: progress.last_mutation,
        verdicts,
        checks,
        scopes: complete.then(|| held.into_iter().collect()),
        cursor: cursor.seal(key),
        complete,
        reset: start.reset,
        incarnation: u32::try_from(progress.incarnation).unwrap_or(u32::MAX),
        epoch: head.epoch,
        server_time: at,
    })))
}

fn limit_of(pages: u32, request: &PullRequest) -> page::Limit {
    if pages >= MOST_PAGES {
        page::Limit::NONE
    } else {
        page::Limit::of(request.limit.unwrap_or(MAX_AGGREGATES))
    }
}

/// `checks` of the device's scopes, from one snapshot.
///
/// # Errors
/// Of the database.
pub async fn check<L: Ledger>(db: &L, caller: Caller) -> Result<BTreeMap<Scope, Check>, Problem> {
    let mut snapshot = db.snapshot().await?;
    let (held, _) = holdings(&mut snapshot, caller.staff).await?;
    let checks = checks_of(&mut snapshot, &held).await?;
    snapshot.finish().await?;
    Ok(checks)
}

/// The scopes a person holds now, and the generation of their grants.
pub(super) async fn holdings(
    snapshot: &mut impl Pulling,
    id: StaffId,
) -> Result<(BTreeSet<Scope>, i32), Problem> {
    let (person, depots) = snapshot.holder(id).await?.unzip();
    held_by(person.as_ref(), &depots.unwrap_or_default())
}

fn held_by(person: Option<&Person>, depots: &[Depot]) -> Result<(BTreeSet<Scope>, i32), Problem> {
    let person = person
        .filter(|p| p.staff.active)
        .ok_or_else(|| Problem::unauthorized("invalid_token"))?;
    Ok((grants::scopes_at(&person.staff, depots), person.grants))
}

async fn checks_of(
    snapshot: &mut impl Pulling,
    held: &BTreeSet<Scope>,
) -> Result<BTreeMap<Scope, Check>, StoreError> {
    let mut checks = BTreeMap::new();
    for scope in held {
        checks.insert(scope.clone(), snapshot.check(scope).await?);
    }
    Ok(checks)
}

/// How a cursor stands to the server's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Continues {
    /// Read in it: same epoch, not ahead, and its batch carries the tag it knows.
    Here,
    /// Read in another epoch, or before the log's floor, or there is no cursor.
    Elsewhere,
    /// Of this epoch, and the history does not know it.
    Unknown,
}

fn continues(cursor: Option<&Cursor>, look: &Look) -> Continues {
    let head = look.head;
    let Some(cursor) = cursor.filter(|c| c.epoch == head.epoch && c.seq() >= head.floor) else {
        return Continues::Elsewhere;
    };
    // Below the floor the tags are gone with the batches; above the head there are none.
    if cursor.seq() <= head.seq && look.tag == cursor.tag {
        Continues::Here
    } else {
        Continues::Unknown
    }
}

/// What is believed of a cursor that the history does not know, or of a history that knows less than the device was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// Nothing yet.
    None,
    /// It is read once more, from a snapshot that cannot lag.
    ReadAgain,
    /// Another history has begun; whatever the cursor is, it does not continue here.
    Settled,
}

/// A device of another schema keeps its outbox and has to be updated.
///
/// # Errors
/// `upgrade_required` with the oldest and the newest schema that are spoken here.
pub fn known_schema(schema: u32) -> Result<(), Problem> {
    if schema == SCHEMA {
        return Ok(());
    }
    let problem = Problem::new(426, "upgrade_required");
    Err(problem.with("oldest", &SCHEMA).with("newest", &SCHEMA))
}
