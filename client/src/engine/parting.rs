//! Pictures of a device whose person leaves (sync.md 19, 25): those that are not up yet go into quarantine behind the
//! commands, piece by piece and from where the server has them. The device's sessions have ended, so that each piece is
//! signed with the device's key.

use super::Engine;
use crate::{
    blobs::{self, Bearer, Reply},
    copies,
    error::{Error, Result},
    folder,
    secrets::DeviceKey,
    store::{blobs as rows, blobs::Waiting, salvage::Album},
    sync::transport::{Voucher, Wire},
};
use huishou_domain::{ids::DeviceId, sync::revocation::picture_text};

/// What the server says of a picture that it will not take, however often it is asked.
const NEVER: [&str; 5] = [
    "quarantine_full",
    "blob_too_large",
    "blob_type_unsupported",
    "hash_mismatch",
    "bad_content_range",
];

impl Engine {
    /// Hands the pictures in that are not up yet. What the server will never take, and what cannot be read any more, is
    /// left: it keeps nobody from leaving, and the server's list shows which pictures of a command it does not have.
    /// Answers how many are left.
    ///
    /// # Errors
    /// `Offline`, or what else the server says; it goes on with the next contact.
    pub(super) async fn hand_pictures_in(&self, wire: &impl Wire) -> Result<u32> {
        let device = self
            .device()?
            .ok_or_else(|| Error::code("not_registered"))?;
        let leaver = Leaver {
            device: device.id,
            key: DeviceKey::of(self.inner.secrets.as_ref())?,
            wire,
        };
        let mut left = 0;
        for picture in self.main_read(rows::waiting)? {
            let Some((bytes, is_sound)) = self.bytes_of(&picture.name) else {
                left += 1;
                continue;
            };
            match blobs::bring_bytes(&leaver, &picture, &bytes).await {
                Ok(()) if is_sound => self.note_handed_in(&picture.name),
                Ok(()) => {}
                Err(Error::Problem { code, .. }) if NEVER.contains(&code.as_str()) => {
                    tracing::warn!(picture = picture.name, code, "a picture is not taken");
                    left += 1;
                }
                Err(error) => return Err(error),
            }
        }
        if left > 0 {
            tracing::error!(left, "pictures are wiped that the server does not have");
        }
        Ok(left)
    }

    /// From the store, or from the copy beside it where a page of the store is bad; and whether the store's row is sound.
    /// Read by a connection of its own: one that has met a bad page reads nothing more, and this store is still needed.
    fn bytes_of(&self, name: &str) -> Option<(Vec<u8>, bool)> {
        let key = super::lock(&self.inner.key).clone();
        let data = &self.inner.config.data;
        let read = Album::of(&data.join(folder::STORE), &key).bytes(name);
        let copy = || copies::picture(data, &key, name).map(|copy| (copy.bytes, false));
        read.map(|bytes| (bytes, true)).or_else(copy)
    }

    /// So that it is not brought again after a break. A store that cannot note it is wiped all the same.
    fn note_handed_in(&self, name: &str) {
        let at = self.wall_millis();
        if let Err(error) = self.main_write(|db| rows::uploaded(db, name, at)) {
            tracing::warn!(%error, "it cannot be noted that a picture was handed in");
        }
    }
}

struct Leaver<'a, W> {
    device: DeviceId,
    key: DeviceKey,
    wire: &'a W,
}

impl<W: Wire> Bearer for Leaver<'_, W> {
    async fn bring(&self, picture: &Waiting, start: usize, bytes: Vec<u8>) -> Result<Reply> {
        let short = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        let (from, total) = (short(start), short(picture.size));
        let text = picture_text(self.device, &picture.name, from, total, &bytes);
        let path = format!("/sync/v1/quarantine/pictures/{}", picture.name);
        let signature = self.key.sign(&text);
        let by = Voucher::Leaver(self.device, &signature);
        self.wire.piece(&path, by, picture, start, bytes).await
    }
}
