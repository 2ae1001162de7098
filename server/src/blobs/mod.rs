//! Pictures that devices bring and fetch (sync.md 19). An upload goes on where it was broken off, is checked when it is
//! whole — its hash against its name, its type by its first bytes — and is seen by staff who may see a visit naming it.

use crate::{
    app::State,
    crash::crash_point,
    problem::Problem,
    staff::StaffSession,
    store::{
        blob_names,
        blobs::{self, Hash, Whole},
        quarantined_pictures, stations,
    },
    sync::grants,
    write_tx,
};
use huishou_domain::{
    blob::{Asked, MAGIC, MAX_ASKED, MAX_BYTES, Missing, PictureType, hash_of},
    ids::DeviceId,
    staff::Role,
};
use sha2::{Digest, Sha256};

/// A part of a picture.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Where it begins.
    pub start: u32,
    /// The picture's size.
    pub total: u32,
    /// Its bytes; no more than are missing from `start` on.
    pub bytes: &'a [u8],
}

/// How far a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that are here, from the first on.
    pub received: u32,
    /// Its size.
    pub total: u32,
}

impl Progress {
    const fn whole(total: u32) -> Self {
        Self {
            received: total,
            total,
        }
    }

    /// Whether nothing is missing.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.received == self.total
    }
}

/// What a part has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// How far the picture is.
    pub progress: Progress,
    /// False for a picture that was here already.
    pub is_new: bool,
}

/// What became of a part.
enum Added {
    /// It is stored, with what the picture then has.
    Stored(Progress),
    /// It begins elsewhere than where the upload goes on.
    Elsewhere(u32),
    /// The bytes are not those of the name; nothing of them is kept.
    Mismatch,
    /// They are no picture; nothing of them is kept.
    NoPicture,
}

/// Adds a part to what a device has brought of a picture. One that is here already needs no more.
///
/// # Errors
/// 413 `blob_too_large`, 415 `blob_type_unsupported`, 409 `offset_mismatch` with `expected`, 422 `hash_mismatch`,
/// 400 `bad_content_range`; of the database.
pub async fn put(
    app: &State,
    device: DeviceId,
    hash: &Hash,
    part: Part<'_>,
) -> Result<Done, Problem> {
    check(part)?;
    if let Some(total) = blobs::size(&mut *app.db.read().await?, hash).await? {
        return Ok(Done {
            progress: Progress::whole(total),
            is_new: false,
        });
    }
    let added: Result<Added, Problem> = write_tx!(&app.db, |tx| {
        let added = add(tx, device, hash, part, app.now()).await?;
        crash_point("blob.before_commit");
        Ok(added)
    });
    let added = added?;
    crash_point("blob.after_commit");
    match added {
        Added::Stored(progress) => Ok(Done {
            progress,
            is_new: true,
        }),
        Added::Elsewhere(expected) => {
            Err(Problem::new(409, "offset_mismatch").with("expected", &expected))
        }
        Added::Mismatch => Err(Problem::new(422, "hash_mismatch")),
        Added::NoPicture => Err(unsupported()),
    }
}

fn unsupported() -> Problem {
    Problem::new(415, "blob_type_unsupported")
}

/// What can be said of a part without knowing what came before it.
///
/// # Errors
/// 413 `blob_too_large`, 415 `blob_type_unsupported`, 400 `bad_content_range`.
pub fn check(part: Part<'_>) -> Result<(), Problem> {
    let total = part.total as usize;
    if total > MAX_BYTES {
        return Err(Problem::new(413, "blob_too_large"));
    }
    if total == 0 {
        return Err(unsupported());
    }
    if part.bytes.is_empty() || part.start as usize + part.bytes.len() > total {
        return Err(Problem::new(400, "bad_content_range"));
    }
    let tells = part.start == 0 && part.bytes.len() >= MAGIC.min(total);
    if tells && PictureType::of(part.bytes).is_none() {
        return Err(unsupported());
    }
    Ok(())
}

async fn add(
    tx: &mut crate::store::Tx,
    device: DeviceId,
    hash: &Hash,
    part: Part<'_>,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Added, Problem> {
    let mut known = blobs::lock(tx, hash, device, part.total, now).await?;
    if known.completed_at.is_some() {
        return Ok(Added::Stored(Progress::whole(known.total)));
    }
    if known.total != part.total && part.start == 0 {
        // It was announced with another size, which cannot have been right both times.
        blobs::forget(tx, hash, device).await?;
        known = blobs::lock(tx, hash, device, part.total, now).await?;
    }
    if known.total != part.total {
        return Ok(Added::Elsewhere(0));
    }
    if known.received != part.start {
        return Ok(Added::Elsewhere(known.received));
    }
    blobs::add(tx, hash, device, part.start, part.bytes).await?;
    let received = part.start + u32::try_from(part.bytes.len()).unwrap_or(u32::MAX);
    let progress = Progress {
        received,
        total: known.total,
    };
    if !progress.is_whole() {
        return Ok(Added::Stored(progress));
    }
    let bytes = blobs::bytes(tx.conn(), hash, device, known.total).await?;
    let refused = match PictureType::of(&bytes) {
        _ if <Hash>::from(Sha256::digest(&bytes)) != *hash => Added::Mismatch,
        None => Added::NoPicture,
        Some(kind) => {
            blobs::complete(tx, hash, device, kind.as_str(), now).await?;
            return Ok(Added::Stored(progress));
        }
    };
    blobs::forget(tx, hash, device).await?;
    Ok(refused)
}

/// How far this device's upload is; a picture that is here is whole for everybody.
///
/// # Errors
/// 404; of the database.
pub async fn progress(app: &State, device: DeviceId, hash: &Hash) -> Result<Progress, Problem> {
    let mut conn = app.db.read().await?;
    if let Some(total) = blobs::size(&mut conn, hash).await? {
        return Ok(Progress::whole(total));
    }
    let upload = blobs::upload(&mut conn, hash, device).await?;
    let upload = upload.ok_or_else(Problem::not_found)?;
    Ok(Progress {
        received: upload.received,
        total: upload.total,
    })
}

/// Those of these pictures that are not here: a server that was set back by a moment has forgotten what it said it had.
///
/// # Errors
/// 413 `push_too_large`; of the database.
pub async fn missing(app: &State, asked: &Asked) -> Result<Missing, Problem> {
    if asked.sha256.len() > MAX_ASKED {
        return Err(Problem::new(413, "push_too_large"));
    }
    let hashes: Vec<Hash> = asked
        .sha256
        .iter()
        .filter_map(|name| hash_of(name))
        .collect();
    let here = quarantined_pictures::here(&mut *app.db.read().await?, &hashes).await?;
    let is_here = |name: &String| hash_of(name).is_some_and(|hash| here.contains(&hash[..]));
    let missing = asked.sha256.iter().filter(|name| !is_here(name));
    Ok(Missing {
        missing: missing.cloned().collect(),
    })
}

/// A picture, for who holds a visit that names it; administrators see what leavers' devices handed in, too.
///
/// # Errors
/// 404 `not_found` where no visit of the caller's names it, `blob_not_uploaded` where one does and it has not come yet.
pub async fn get(app: &State, session: &StaffSession, hash: &Hash) -> Result<Whole, Problem> {
    let mut conn = app.db.read().await?;
    let named_in = blob_names::scopes(&mut conn, app.db.months(), hash).await?;
    let stations = stations::all(&mut conn).await?;
    let held = grants::scopes_of(&session.person.staff, &stations);
    let may_see = !held.is_disjoint(&named_in)
        || (session.person.staff.role == Role::Admin
            && quarantined_pictures::holds(&mut conn, hash).await?);
    if !may_see {
        return Err(Problem::not_found());
    }
    let whole = blobs::load(&mut conn, hash).await?;
    whole.ok_or_else(|| Problem::new(404, "blob_not_uploaded"))
}
