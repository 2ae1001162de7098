//! Pull (sync.md §2): each page is read in one consistent snapshot — the head, the scopes' new keys, on the last page
//! also the keys without a number yet, then the aggregates as they are, with authorisation checked again.

use super::{
    cursor::{Cursor, Position},
    epochs, grants, page,
    ports::{Ledger, Pulling},
    sequencer,
};
use crate::{
    problem::Problem,
    store::{StoreError, WriteError, sync_head::Head},
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

/// Every so many complete pulls carry `checks`.
const CHECKS_EVERY: u32 = 10;
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
    let mut doubt = Doubt::None;
    for _ in 0..MOST_TURNS {
        match turn(db, key, caller, request, cursor.as_ref(), doubt, at).await {
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
    caller: Caller,
    request: &PullRequest,
    cursor: Option<&Cursor>,
    doubt: Doubt,
    at: DateTime<Utc>,
) -> Result<Turn, Problem> {
    let mut snapshot = match doubt {
        Doubt::ReadAgain => db.snapshot_of_now().await?,
        Doubt::None | Doubt::Settled => db.snapshot().await?,
    };
    let head = snapshot.head().await?;
    let (held, generation) = holdings(&mut snapshot, caller.staff).await?;
    let known = match (continues(&mut snapshot, cursor, head).await?, doubt) {
        (Continues::Unknown, Doubt::None) => return Ok(Turn::ReadAgain),
        (Continues::Unknown, Doubt::ReadAgain) => return Ok(Turn::HistoryCut(head.epoch)),
        (continues, _) => continues == Continues::Here,
    };
    let mut start = resume(cursor, known, &held, generation, head);
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
    cursor.tag = sync_log_tag(&mut snapshot, cursor.seq()).await?;
    if complete {
        cursor.pulls = cursor.pulls.wrapping_add(1);
        cursor.pages = 0;
    }
    let wanted = complete && (request.check || cursor.pulls.is_multiple_of(CHECKS_EVERY));
    let checks = if wanted {
        Some(checks_of(&mut snapshot, &held).await?)
    } else {
        None
    };
    let progress = snapshot.progress(caller.device).await?;
    let verdicts = snapshot
        .verdicts_after(caller.device, progress.incarnation, request.confirmed)
        .await?;
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
    let person = snapshot.person(id).await?;
    let person = person
        .filter(|p| p.staff.active)
        .ok_or_else(|| Problem::unauthorized("invalid_token"))?;
    let stations = snapshot.stations().await?;
    Ok((grants::scopes_of(&person.staff, &stations), person.grants))
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

async fn sync_log_tag(snapshot: &mut impl Pulling, seq: i64) -> Result<String, StoreError> {
    if seq == 0 {
        return Ok(String::new());
    }
    Ok(snapshot.tag_of(seq).await?.unwrap_or_default())
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

async fn continues(
    snapshot: &mut impl Pulling,
    cursor: Option<&Cursor>,
    head: Head,
) -> Result<Continues, StoreError> {
    let Some(cursor) = cursor.filter(|c| c.epoch == head.epoch && c.seq() >= head.floor) else {
        return Ok(Continues::Elsewhere);
    };
    // Below the floor the tags are gone with the batches; above the head there are none.
    let known =
        cursor.seq() <= head.seq && sync_log_tag(snapshot, cursor.seq()).await? == cursor.tag;
    Ok(if known {
        Continues::Here
    } else {
        Continues::Unknown
    })
}

/// What is believed of a cursor that the history does not know.
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

struct Start {
    cursor: Cursor,
    reset: Vec<Scope>,
}

impl Start {
    /// Begins these scopes again: the device's copies of them have turned out to differ.
    fn anew(&mut self, again: &[Scope], generation: i32, head: Head) {
        for scope in again {
            let Some(position) = self.cursor.scopes.get_mut(scope) else {
                continue;
            };
            *position = Position::fresh(generation, head.seq);
            metrics::counter!("sync_scopes_fetched_again_total").increment(1);
            if !self.reset.contains(scope) {
                self.reset.push(scope.clone());
            }
        }
    }
}

/// Where each held scope goes on. A scope newly granted begins with its snapshot; one whose history cannot be
/// continued does so too, and is named in `reset`.
fn resume(
    cursor: Option<&Cursor>,
    known: bool,
    held: &BTreeSet<Scope>,
    generation: i32,
    head: Head,
) -> Start {
    let mut reset = Vec::new();
    let mut scopes = BTreeMap::new();
    for scope in held {
        let old = cursor.and_then(|c| c.scopes.get(scope));
        let position = match old {
            Some(old) if known && old.generation == generation && old.seq >= head.floor => {
                old.clone()
            }
            _ => {
                if old.is_some() || cursor.is_none() {
                    reset.push(scope.clone());
                }
                Position::fresh(generation, head.seq)
            }
        };
        scopes.insert(scope.clone(), position);
    }
    let (pulls, pages) = cursor.map_or((0, 0), |c| (c.pulls, c.pages));
    let device = cursor.map_or(DeviceId(Uuid::nil()), |c| c.device);
    Start {
        cursor: Cursor {
            device,
            epoch: head.epoch,
            tag: String::new(),
            pulls,
            pages,
            tail: cursor.map_or_else(Vec::new, |c| c.tail.clone()),
            scopes,
        },
        reset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head {
        seq: 40,
        floor: 10,
        epoch: Uuid::from_u128(3),
    };

    fn cursor(positions: &[(&str, i32, i64)]) -> Cursor {
        let position = |&(scope, generation, seq): &(&str, i32, i64)| {
            (
                scope.parse().unwrap_or(Scope::Admin),
                Position {
                    generation,
                    seq,
                    snapshot: None,
                },
            )
        };
        let scopes = positions.iter().map(position).collect();
        Cursor {
            device: DeviceId(Uuid::nil()),
            epoch: HEAD.epoch,
            tag: String::new(),
            pulls: 0,
            pages: 0,
            tail: Vec::new(),
            scopes,
        }
    }

    fn held(names: &[&str]) -> BTreeSet<Scope> {
        names.iter().filter_map(|name| name.parse().ok()).collect()
    }

    #[test]
    fn a_known_scope_goes_on_and_a_new_one_begins_with_its_snapshot() {
        let start = resume(
            Some(&cursor(&[("admin", 1, 30)])),
            true,
            &held(&["admin", "catalog:330100"]),
            1,
            HEAD,
        );
        let of = |name: &str| {
            start
                .cursor
                .scopes
                .get(&name.parse().unwrap_or(Scope::Admin))
                .cloned()
        };
        assert_eq!(
            of("admin").map(|p| (p.seq, p.snapshot.is_some())),
            Some((30, false))
        );
        assert_eq!(
            of("catalog:330100").map(|p| (p.seq, p.snapshot.is_some())),
            Some((40, true))
        );
        assert!(
            start.reset.is_empty(),
            "a granted scope has no old rows to replace"
        );
    }

    #[test]
    fn a_scope_whose_copy_differs_begins_again_alone() {
        let both = held(&["admin", "catalog:330100"]);
        let known = cursor(&[("admin", 1, 30), ("catalog:330100", 1, 31)]);
        let mut start = resume(Some(&known), true, &both, 1, HEAD);
        start.anew(&[Scope::Admin, Scope::Catalog("999999".into())], 1, HEAD);
        assert_eq!(start.reset, [Scope::Admin], "its old rows are replaced");
        assert!(start.cursor.scopes[&Scope::Admin].snapshot.is_some());
        let other = &start.cursor.scopes[&Scope::Catalog("330100".into())];
        assert_eq!((other.seq, other.snapshot.is_some()), (31, false));
        assert_eq!(start.cursor.scopes.len(), 2, "and no scope comes by asking");
    }

    #[test]
    fn a_scope_taken_away_is_forgotten() {
        let start = resume(
            Some(&cursor(&[("admin", 1, 30)])),
            true,
            &held(&["catalog:330100"]),
            1,
            HEAD,
        );
        assert_eq!(
            start.cursor.scopes.len(),
            1,
            "its position must not come back with the grant"
        );
    }

    #[test]
    fn what_cannot_be_continued_is_reset_and_never_an_empty_success() {
        let admin = held(&["admin"]);
        for (case, known, generation, seq) in [
            ("another history", false, 1, 30),
            ("new grants", true, 2, 30),
            ("older than the log's floor", true, 1, 9),
        ] {
            let start = resume(
                Some(&cursor(&[("admin", 1, seq)])),
                known,
                &admin,
                generation,
                HEAD,
            );
            assert_eq!(start.reset, [Scope::Admin], "{case}");
            assert!(
                start.cursor.scopes[&Scope::Admin].snapshot.is_some(),
                "{case}"
            );
        }
        assert_eq!(
            resume(None, false, &admin, 1, HEAD).reset,
            [Scope::Admin],
            "without a cursor old rows are replaced"
        );
    }
}
