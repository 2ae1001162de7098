//! Pictures on their way (sync.md 19): brought up after the commands, piece by piece, from where the server has them;
//! fetched when a screen asks for one that is not here.

use crate::{
    error::{Error, Result},
    store::{Commit, Db, blobs, blobs::Waiting, meta, mutations},
    sync::run::Shared,
};
use huishou_domain::blob::{Asked, MAX_ASKED, Missing, PART, PictureType, name_of};
use serde_json::Value;
use std::future::Future;

/// How long a picture stays here after it is up.
pub const KEPT_DAYS: i64 = 30;
/// The server is asked whether it still has what is up when it was last asked this long ago.
const ASK_AFTER_MS: i64 = 86_400_000;
/// Requests for one picture before it is left for another round: forty pieces, and as many words on where to go on.
const MOST_REQUESTS: usize = 100;

/// What the server says to a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// It has the picture up to here.
    Upto(usize),
    /// The picture is whole and checked.
    Whole,
}

/// Carries pieces of pictures to the server.
pub trait Bearer: Send + Sync {
    /// Sends a piece.
    ///
    /// # Errors
    /// `Offline`, `Problem`.
    fn bring(
        &self,
        picture: &Waiting,
        start: usize,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<Reply>> + Send;
}

/// Asks the server about pictures.
pub trait Asker: Send + Sync {
    /// Which of these it does not have.
    ///
    /// # Errors
    /// `Offline`, `Problem`.
    fn missing(&self, asked: &Asked) -> impl Future<Output = Result<Missing>> + Send;
}

/// Carries pictures both ways.
pub trait Carrier: Bearer {
    /// Fetches a picture.
    ///
    /// # Errors
    /// `Offline`, `Problem`.
    fn fetch(&self, name: &str) -> impl Future<Output = Result<Vec<u8>>> + Send;
}

/// Brings up what waits. Commands go first: as soon as one waits it ends, for another round. Answers how many pictures
/// came up.
///
/// # Errors
/// `Offline` or of the store; what came up until then is noted. Another failure of one picture does not keep back the
/// others, and is reported at the end.
pub async fn bring_all(shared: &Shared, carrier: &impl Bearer) -> Result<usize> {
    let (mut done, mut failure) = (0, None);
    for picture in shared.with(|store| blobs::waiting(store.db())).await? {
        match bring(&Source::Store(shared), carrier, &picture).await {
            Ok(Brought::Up) => done += 1,
            Ok(Brought::Interrupted) => return Ok(done),
            Err(error @ (Error::Offline(_) | Error::Sqlite(_) | Error::Refused(_))) => {
                return Err(error);
            }
            Err(error) => failure = Some(error),
        }
    }
    let before = shared.clock.now().timestamp_millis() - KEPT_DAYS * 86_400_000;
    shared
        .with(move |store| store.write(Commit::Other, |db| blobs::prune(db, before)))
        .await?;
    failure.map_or(Ok(done), Err)
}

/// Once a day, or `now`: asks whether the server still has the pictures that are up. One that was set back by a moment
/// may have forgotten a picture and nothing else, which no number shows. What it has forgotten waits again; answers how
/// many those are.
///
/// # Errors
/// As the asker reports, or of the store; it is asked again with the next round.
pub async fn look_after(shared: &Shared, asker: &impl Asker, now: bool) -> Result<usize> {
    let at = shared.clock.now().timestamp_millis();
    let names = shared
        .with(move |store| match now || is_due(store.db(), at)? {
            true => blobs::up(store.db()),
            false => Ok(Vec::new()),
        })
        .await?;
    let mut again = 0;
    for names in names.chunks(MAX_ASKED) {
        let asked = Asked {
            sha256: names.to_vec(),
        };
        let Missing { mut missing } = asker.missing(&asked).await?;
        missing.retain(|name| names.contains(name));
        again += missing.len();
        if !missing.is_empty() {
            tracing::warn!(
                pictures = missing.len(),
                "the server has forgotten pictures"
            );
        }
        shared
            .with(move |store| {
                store.write(Commit::Other, |db| {
                    let mut forgotten = missing.iter();
                    forgotten.try_for_each(|name| blobs::bring_one_again(db, name))
                })
            })
            .await?;
    }
    if !names.is_empty() {
        shared
            .with(move |store| {
                store.write(Commit::Other, |db| {
                    meta::set(db, meta::Key::PicturesAsked, &at)
                })
            })
            .await?;
    }
    Ok(again)
}

fn is_due(db: &Db, now: i64) -> Result<bool> {
    let last: Option<i64> = meta::get(db, meta::Key::PicturesAsked)?;
    Ok(last.is_none_or(|last| (now - last).abs() >= ASK_AFTER_MS))
}

/// Brings up one picture whose bytes are at hand, whatever else waits: the store they are from is about to be wiped, and
/// may not be readable any more.
///
/// # Errors
/// As the bearer reports.
pub async fn bring_bytes(bearer: &impl Bearer, picture: &Waiting, bytes: &[u8]) -> Result<()> {
    bring(&Source::Bytes(bytes), bearer, picture)
        .await
        .map(|_| ())
}

enum Brought {
    Up,
    Interrupted,
}

/// Where the pieces of a picture are.
enum Source<'a> {
    /// In the store, where it is noted how far they are up.
    Store(&'a Shared),
    /// Here.
    Bytes(&'a [u8]),
}

impl Source<'_> {
    /// The piece from `start` on; none where commands go first, or where the picture is not here any more.
    async fn piece(&self, name: &str, start: usize) -> Result<Option<Vec<u8>>> {
        let shared = match self {
            Self::Store(shared) => shared,
            Self::Bytes(bytes) => {
                let rest = bytes.get(start..).unwrap_or_default();
                return Ok(Some(rest[..rest.len().min(PART)].to_vec()));
            }
        };
        let name = name.to_owned();
        shared
            .with(move |store| {
                if mutations::counts(store.db())?.0 > 0 {
                    return Ok(None);
                }
                blobs::piece(store.db(), &name, start, PART)
            })
            .await
    }

    async fn note(
        &self,
        picture: &Waiting,
        what: impl FnOnce(&crate::store::Db, &str, i64) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        match self {
            Self::Store(shared) => note(shared, picture, what).await,
            Self::Bytes(_) => Ok(()),
        }
    }
}

async fn bring(source: &Source<'_>, carrier: &impl Bearer, picture: &Waiting) -> Result<Brought> {
    let mut start = picture.sent.min(picture.size.saturating_sub(1));
    let mut began_anew = false;
    for _ in 0..MOST_REQUESTS {
        let Some(piece) = source.piece(&picture.name, start).await? else {
            return Ok(Brought::Interrupted);
        };
        match carrier.bring(picture, start, piece).await {
            Ok(Reply::Whole) => {
                source.note(picture, blobs::uploaded).await?;
                return Ok(Brought::Up);
            }
            Ok(Reply::Upto(upto)) => start = upto,
            Err(Error::Problem { code, body, .. }) if code == "offset_mismatch" => {
                start = expected(&body, picture)?;
            }
            // What lies there of it was spoilt on the way: the server has let go of it.
            Err(Error::Problem { code, .. }) if code == "hash_mismatch" && !began_anew => {
                (began_anew, start) = (true, 0);
            }
            Err(error) => {
                if let Some(code) = never_taken(&error) {
                    let refuse = move |db: &_, name: &_, _| blobs::refuse(db, name, code);
                    source.note(picture, refuse).await?;
                }
                return Err(error);
            }
        }
        let sent = move |db: &_, name: &_, _| blobs::sent(db, name, start);
        source.note(picture, sent).await?;
    }
    Err(Error::Undecodable("an upload without end".into()))
}

fn expected(body: &Value, picture: &Waiting) -> Result<usize> {
    let upto = body.get("expected").and_then(Value::as_u64);
    let upto = upto.and_then(|upto| usize::try_from(upto).ok());
    upto.filter(|upto| *upto < picture.size)
        .ok_or_else(|| Error::Undecodable("an upload that goes on nowhere".into()))
}

fn never_taken(error: &Error) -> Option<&'static str> {
    let Error::Problem { code, .. } = error else {
        return None;
    };
    ["blob_too_large", "blob_type_unsupported"]
        .into_iter()
        .find(|known| known == code)
}

async fn note(
    shared: &Shared,
    picture: &Waiting,
    what: impl FnOnce(&crate::store::Db, &str, i64) -> Result<()> + Send + 'static,
) -> Result<()> {
    let (name, at) = (picture.name.clone(), shared.clock.now().timestamp_millis());
    shared
        .with(move |store| store.write(Commit::Other, |db| what(db, &name, at)))
        .await
}

/// Fetches a picture and keeps it; one whose bytes are not those of its name is not taken.
///
/// # Errors
/// As the carrier reports, and `Undecodable`.
pub async fn fetch(shared: &Shared, carrier: &impl Carrier, name: &str) -> Result<Vec<u8>> {
    let bytes = carrier.fetch(name).await?;
    let kind = PictureType::of(&bytes).filter(|_| name_of(&bytes) == name);
    let kind = kind.ok_or_else(|| Error::Undecodable("another picture than asked for".into()))?;
    let (kept, name) = (bytes.clone(), name.to_owned());
    let at = shared.clock.now().timestamp_millis();
    shared
        .with(move |store| {
            store.write(Commit::Other, |db| {
                blobs::keep(db, &name, kind.as_str(), &kept, at)
            })
        })
        .await?;
    Ok(bytes)
}
