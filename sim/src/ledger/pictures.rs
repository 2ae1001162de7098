//! Pictures that devices bring, piece by piece (sync.md 19): an upload goes on where it was broken off, and is checked
//! when it is whole.

use super::{
    Sabotage, SimLedger,
    rows::{Key, Row, Tables},
};
use huishou_domain::{blob::name_of, ids::DeviceId};
use huishou_server::{
    blobs::{self, Part},
    store::StoreError,
    sync::ports::Ledger,
};
use std::sync::Arc;

/// A piece on its way.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The picture's name.
    pub name: String,
    /// Its size.
    pub total: usize,
    /// Where the piece begins.
    pub start: usize,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What became of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// The picture is whole.
    Whole,
    /// It is here up to there.
    Upto(usize),
    /// The upload goes on elsewhere.
    Elsewhere(usize),
    /// The bytes are not those of the name; nothing of them is kept.
    Mismatch,
    /// It cannot be a piece of a picture.
    NoPiece,
}

impl SimLedger {
    /// Adds a piece to what a device has brought of a picture.
    ///
    /// # Errors
    /// Of the database.
    pub async fn add_piece(&self, device: DeviceId, piece: &Piece) -> Result<Added, StoreError> {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let part = Part {
            start: number(piece.start),
            total: number(piece.total),
            bytes: &piece.bytes,
        };
        if blobs::check(part).is_err() {
            return Ok(Added::NoPiece);
        }
        let mut tx = self.begin().await?;
        tx.call().await?;
        let (whole, begun) = (
            Key::Picture(piece.name.clone()),
            Key::Upload(device.0, piece.name.clone()),
        );
        if tx.get(&whole).is_some() {
            return Ok(Added::Whole);
        }
        tx.lock(&begun).await?;
        let mut bytes = match tx.get(&begun) {
            Some(Row::Bytes(bytes)) => Vec::clone(&bytes),
            _ => Vec::new(),
        };
        if bytes.len() != piece.start {
            return Ok(Added::Elsewhere(bytes.len()));
        }
        bytes.extend(&piece.bytes);
        let upto = bytes.len();
        let added = if upto < piece.total {
            tx.put(begun, Row::Bytes(Arc::new(bytes)));
            Added::Upto(upto)
        } else if name_of(&bytes) == piece.name {
            tx.delete(begun);
            if self.sabotage != Sabotage::PictureNotKept {
                tx.put(whole, Row::Bytes(Arc::new(bytes)));
            }
            Added::Whole
        } else {
            tx.delete(begun);
            Added::Mismatch
        };
        tx.commit().await?;
        Ok(added)
    }
}

/// Whether a picture is there, whole and itself.
#[must_use]
pub fn is_kept(tables: &Tables, name: &str) -> bool {
    match tables.get(&Key::Picture(name.to_owned())) {
        Some(Row::Bytes(bytes)) => name_of(bytes) == name,
        _ => false,
    }
}
