//! The store's key wrapped by a passphrase, for machines without a keyring service: argon2id makes 64 bytes from the
//! passphrase and a fresh salt; half of them hide the key, half authenticate the file.

use super::random_bytes;
use crate::{
    error::{Error, Result},
    folder,
    store::StoreKey,
};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::path::Path;
use zeroize::Zeroizing;

/// OWASP's recommendation for argon2id: 19 MiB, two passes.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// Bytes that are wiped from memory when let go.
type Secret = Zeroizing<[u8; 32]>;

#[derive(Serialize, Deserialize)]
struct File {
    kdf: String,
    memory_kib: u32,
    passes: u32,
    salt: String,
    key: String,
    tag: String,
}

/// Whether this folder's key is wrapped by a passphrase.
pub fn exists(folder: &Path) -> bool {
    folder.join(folder::KEY).exists()
}

/// The key in the file `name`, opened with the passphrase; made at the first start.
///
/// # Errors
/// `passphrase_wrong`, `store_key_missing` when there is a store but no wrapped key.
pub fn open_or_make(
    folder: &Path,
    name: &str,
    passphrase: &str,
    store_exists: bool,
) -> Result<StoreKey> {
    match std::fs::read(folder.join(name)) {
        Ok(bytes) => open(&serde_json::from_slice(&bytes)?, passphrase),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !store_exists => {
            let key = StoreKey::new(random_bytes());
            write(folder, name, passphrase, &key)?;
            Ok(key)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Error::code("store_key_missing"))
        }
        Err(error) => Err(error.into()),
    }
}

/// Wraps a key by a passphrase, in place of what the file `name` held.
///
/// # Errors
/// Of the folder.
pub fn write(folder: &Path, name: &str, passphrase: &str, key: &StoreKey) -> Result<()> {
    let salt = random_bytes::<16>();
    let (pad, mac_key) = derive(passphrase, &salt, MEMORY_KIB, PASSES)?;
    let hidden = xor(key.bytes(), &pad);
    let file = File {
        kdf: "argon2id".into(),
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        salt: BASE64.encode(salt),
        key: BASE64.encode(hidden),
        tag: BASE64.encode(mac(&mac_key, &salt, &hidden)?.finalize().into_bytes()),
    };
    let text = serde_json::to_string_pretty(&file)?;
    folder::replace(&folder.join(name), text.as_bytes())
}

fn open(file: &File, passphrase: &str) -> Result<StoreKey> {
    let broken = |_| Error::code("store_key_missing");
    let salt = BASE64.decode(&file.salt).map_err(broken)?;
    let hidden = BASE64.decode(&file.key).map_err(broken)?;
    let tag = BASE64.decode(&file.tag).map_err(broken)?;
    let (pad, mac_key) = derive(passphrase, &salt, file.memory_kib, file.passes)?;
    mac(&mac_key, &salt, &hidden)?
        .verify_slice(&tag)
        .map_err(|_| Error::code("passphrase_wrong"))?;
    let hidden = <[u8; 32]>::try_from(hidden).map_err(|_| Error::code("store_key_missing"))?;
    Ok(StoreKey::new(xor(&hidden, &pad)))
}

fn derive(passphrase: &str, salt: &[u8], memory_kib: u32, passes: u32) -> Result<(Secret, Secret)> {
    let params = Params::new(memory_kib, passes, 1, Some(64))
        .map_err(|_| Error::code("store_key_missing"))?;
    let mut out = Zeroizing::new([0; 64]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, out.as_mut_slice())
        .map_err(|_| Error::code("store_key_missing"))?;
    let mut pad = Zeroizing::new([0; 32]);
    let mut mac_key = Zeroizing::new([0; 32]);
    pad.copy_from_slice(&out[..32]);
    mac_key.copy_from_slice(&out[32..]);
    Ok((pad, mac_key))
}

fn mac(key: &[u8; 32], salt: &[u8], hidden: &[u8]) -> Result<Hmac<Sha256>> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).map_err(|_| Error::code("store_key_missing"))?;
    mac.update(salt);
    mac.update(hidden);
    Ok(mac)
}

fn xor(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    let mut out = *a;
    for (byte, other) in out.iter_mut().zip(b) {
        *byte ^= other;
    }
    out
}
