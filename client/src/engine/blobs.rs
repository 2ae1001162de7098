//! Pictures for screens and scripts: kept here first, brought up when there is contact, fetched when they are not here.

use super::{Engine, contact::Round, courier::Courier, lock};
use crate::{
    blobs::{self, Asker, Bearer, Carrier, Reply},
    error::{Error, Result},
    store::{Commit, Db, Store, blobs as rows, blobs::Waiting, drafts},
    sync::{
        http::Http,
        transport::{Voucher, Wire},
    },
    view::picture::Picture,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use huishou_domain::blob::{Asked, MAX_BYTES, Missing, PictureType, hash_of, hex, name_of};
use reqwest::Method;
use std::fmt::Write as _;

/// Beginning of the keys under which earlier versions kept signatures.
const SIGNATURE_DRAFT: &str = "signature:";

impl Engine {
    /// Keeps a picture and answers its name, the SHA-256 of its bytes. When this answers it is on the disk.
    ///
    /// # Errors
    /// `blob_too_large` over 10 MiB, `blob_type_unsupported` for what is no JPEG, PNG or WebP; of the store.
    pub fn put_blob(&self, bytes: &[u8]) -> Result<String> {
        if bytes.len() > MAX_BYTES {
            return Err(Error::code("blob_too_large"));
        }
        let kind = PictureType::of(bytes).ok_or_else(|| Error::code("blob_type_unsupported"))?;
        let name = name_of(bytes);
        let shared = self.shared();
        let at = shared.clock.now().timestamp_millis();
        lock(&shared.store).write(Commit::Other, |db| {
            rows::put(db, &name, kind.as_str(), bytes, at)
        })?;
        if !self.is_practice() {
            self.keep_picture(&name, at, bytes);
        }
        self.changed(&[]);
        self.inner.wake.notify_one();
        Ok(name)
    }

    /// A picture's bytes: from here, or else from the server.
    ///
    /// # Errors
    /// `not_found` where this person may not see it or nobody has it, `blob_not_uploaded` where it is still on the device
    /// that took it, `offline`, …
    pub async fn get_blob(&self, name: &str) -> Result<Vec<u8>> {
        let hash = hash_of(name).ok_or_else(|| Error::not_found("sha256"))?;
        let name = hex(&hash);
        let shared = self.shared();
        let here = {
            let mut store = lock(&shared.store);
            adopt_drafts(&mut store)?;
            rows::get(store.db(), &name)?
        };
        if let Some(bytes) = here {
            return Ok(bytes);
        }
        if self.is_practice() {
            return Err(Error::not_found("sha256"));
        }
        if self.settings_get()?.offline {
            return Err(Error::code("offline"));
        }
        blobs::fetch(&self.inner.main, &Courier::new(self)?, &name).await
    }

    /// [`Engine::put_blob`] of what a window hands over, base64.
    ///
    /// # Errors
    /// As for [`Engine::put_blob`]; `invalid` for what is no base64.
    pub fn picture_put(&self, data: &str) -> Result<String> {
        let bytes = BASE64
            .decode(data)
            .map_err(|_| Error::field("invalid", "data"))?;
        self.put_blob(&bytes)
    }

    /// [`Engine::get_blob`] for a window.
    ///
    /// # Errors
    /// As for [`Engine::get_blob`].
    pub async fn picture(&self, name: &str) -> Result<Picture> {
        let bytes = self.get_blob(name).await?;
        let kind = PictureType::of(&bytes).ok_or_else(|| Error::not_found("sha256"))?;
        Ok(Picture {
            kind: kind.as_str().to_owned(),
            data: BASE64.encode(bytes),
        })
    }

    /// Forgets a picture that was taken away again before any command named it.
    ///
    /// # Errors
    /// Of the store.
    pub fn discard_blob(&self, name: &str) -> Result<()> {
        let shared = self.shared();
        lock(&shared.store).write(Commit::Other, |db| rows::discard(db, name))?;
        if !self.is_practice() {
            self.forget_picture(name)?;
        }
        self.changed(&[]);
        Ok(())
    }

    /// After a round that has sent commands: brings up what waits. A failure keeps nobody from working and is tried again
    /// with the next round; the status says how many wait.
    pub(super) async fn bring_blobs(&self, courier: &Courier, round: Round) {
        if round == Round::Pull {
            return;
        }
        let main = &self.inner.main;
        if let Err(error) = main.with(adopt_drafts).await {
            tracing::warn!(%error, "signatures of an earlier version cannot be taken over");
        }
        if let Err(error) = blobs::look_after(main, courier, round == Round::Check).await {
            tracing::info!(%error, "the server is asked about pictures another time");
        }
        match blobs::bring_all(main, courier).await {
            Ok(0) => {}
            Ok(_) => {
                let engine = self.clone();
                let tidied = tokio::task::spawn_blocking(move || engine.tidy_pictures());
                // Cut off only when the process ends; the next generation does the same.
                let _ = tidied.await;
                self.changed(&[]);
            }
            Err(error) => tracing::info!(%error, "pictures wait for the next round"),
        }
        if self
            .main_read(|db| Ok(crate::store::mutations::counts(db)?.0))
            .is_ok_and(|n| n > 0)
        {
            // A command was made meanwhile: it goes first.
            self.inner.wake.notify_one();
        }
    }
}

/// Earlier versions kept signatures as drafts, base64, that were never brought up: they become pictures like others.
fn adopt_drafts(store: &mut Store) -> Result<()> {
    let all = drafts::all(store.db())?;
    let kept = all
        .into_iter()
        .filter(|(key, _)| key.starts_with(SIGNATURE_DRAFT));
    for (key, at) in kept {
        let draft = drafts::get(store.db(), &key)?.unwrap_or_default();
        let png = draft.get("png").and_then(serde_json::Value::as_str);
        let bytes = png.and_then(|png| BASE64.decode(png).ok());
        let picture = bytes.and_then(|bytes| Some((PictureType::of(&bytes)?, bytes)));
        let Some((kind, bytes)) = picture else {
            continue;
        };
        store.write(Commit::Other, |db| {
            rows::put(db, &name_of(&bytes), kind.as_str(), &bytes, at)?;
            drafts::remove(db, &key)
        })?;
    }
    Ok(())
}

/// Pictures as support sees them: names, sizes, how far they are.
///
/// # Errors
/// Of the store.
pub(super) fn summary(db: &Db) -> Result<String> {
    let mut text = String::from("\npictures\n");
    for listed in rows::all(db)? {
        let state = match (&listed.refused, listed.uploaded_at) {
            (Some(code), _) => format!("refused {code}"),
            (None, Some(_)) => "up".to_owned(),
            (None, None) => format!("waits, {} of {} bytes sent", listed.sent, listed.size),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{} {} {} {state}",
            listed.name, listed.kind, listed.size
        );
    }
    Ok(text)
}

impl Courier<Http> {
    async fn get_picture(&self, token: &str, name: &str) -> Result<Vec<u8>> {
        Http::send(self.wire().request(Method::GET, &path(name)), Some(token)).await
    }
}

fn path(name: &str) -> String {
    format!("/sync/v1/blobs/{name}")
}

/// The token was no good, and another one may be.
fn may_be_renewed(error: &Error) -> bool {
    matches!(error, Error::Problem { status: 401, .. })
}

impl<W: Wire> Bearer for Courier<W> {
    async fn bring(&self, picture: &Waiting, start: usize, bytes: Vec<u8>) -> Result<Reply> {
        let (token, path) = (self.token().await?, path(&picture.name));
        let by = Voucher::Token(&token);
        let again = bytes.clone();
        match self.wire().piece(&path, by, picture, start, bytes).await {
            Err(error) if may_be_renewed(&error) => {
                let token = self.renew(Some(&token)).await?;
                let by = Voucher::Token(&token);
                self.wire().piece(&path, by, picture, start, again).await
            }
            reply => reply,
        }
    }
}

impl<W: Wire> Asker for Courier<W> {
    async fn missing(&self, asked: &Asked) -> Result<Missing> {
        self.post("/sync/v1/blobs", asked).await
    }
}

impl Carrier for Courier<Http> {
    async fn fetch(&self, name: &str) -> Result<Vec<u8>> {
        let token = self.token().await?;
        match self.get_picture(&token, name).await {
            Err(error) if may_be_renewed(&error) => {
                let token = self.renew(Some(&token)).await?;
                self.get_picture(&token, name).await
            }
            answer => answer,
        }
    }
}
