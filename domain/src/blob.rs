//! Pictures that travel beside the commands naming them (sync.md 19): the customer's signature, photos of the goods.
//! A picture's name is the SHA-256 of its bytes, 64 lower-case hexadecimal digits.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Largest picture, in bytes.
pub const MAX_BYTES: usize = 10 * 1024 * 1024;
/// Largest part of one that is stored or sent at once, in bytes.
pub const PART: usize = 256 * 1024;
/// Most photos of one weighing.
pub const MAX_PHOTOS: usize = 9;
/// How much of a picture tells its type, in bytes.
pub const MAGIC: usize = 12;

/// Most names of one [`Asked`].
pub const MAX_ASKED: usize = 200;

/// `POST /sync/v1/blobs`: pictures that a device takes for up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Their names.
    pub sha256: Vec<String>,
}

/// Its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Those of them that the server does not have.
    pub missing: Vec<String>,
}

/// What a picture is, by its first bytes; what a sender claims does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureType {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
}

impl PictureType {
    /// The type of what begins so; `None` for anything else.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(Self::Webp),
            _ => None,
        }
    }

    /// As HTTP names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }
}

/// The name of a picture.
#[must_use]
pub fn name_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes).into())
}

/// A hash as a name.
#[must_use]
pub fn hex(hash: &[u8; 32]) -> String {
    let mut name = String::with_capacity(64);
    for byte in hash {
        // Writing to a String cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// The hash that a name stands for; `None` for what is no name. Capital digits are taken, too.
#[must_use]
pub fn hash_of(name: &str) -> Option<[u8; 32]> {
    if name.len() != 64 || !name.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(name.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}

/// The pictures that a command names: the signature of an acceptance, the photos of a weighing. `args` may be of any
/// form; what is no name is passed over.
#[must_use]
pub fn names_in(args: &Value) -> Vec<String> {
    let photos = args.get("photos").and_then(Value::as_array);
    let named = args
        .get("blob")
        .into_iter()
        .chain(photos.into_iter().flatten());
    let hashes = named.filter_map(|name| hash_of(name.as_str()?));
    let mut names: Vec<String> = hashes.map(|hash| hex(&hash)).collect();
    names.sort();
    names.dedup();
    names
}

/// What is wrong with the names of a weighing's photos, as field and code.
#[must_use]
pub fn photos_fault(photos: &[String]) -> Option<(String, &'static str)> {
    if photos.len() > MAX_PHOTOS {
        return Some(("photos".to_owned(), "too_long"));
    }
    let odd = photos.iter().position(|name| hash_of(name).is_none())?;
    Some((format!("photos[{odd}]"), "invalid"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_picture_is_what_its_first_bytes_say() {
        let webp = b"RIFF\x24\x00\x00\x00WEBPVP8 ";
        assert_eq!(
            PictureType::of(b"\xff\xd8\xff\xe0\0\x10JFIF\0"),
            Some(PictureType::Jpeg)
        );
        assert_eq!(
            PictureType::of(b"\x89PNG\r\n\x1a\n\0\0\0\r"),
            Some(PictureType::Png)
        );
        assert_eq!(PictureType::of(webp), Some(PictureType::Webp));
        for other in [
            &b"<svg xmlns="[..],
            b"RIFF\x24\x00\x00\x00WAVEfmt ",
            b"%PDF-1.7",
            b"\x89PN",
            b"",
        ] {
            assert_eq!(PictureType::of(other), None);
        }
    }

    #[test]
    fn a_name_is_the_hash_in_hexadecimal() {
        let name = name_of(b"abc");
        assert_eq!(
            name,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(hex(&hash_of(&name).unwrap()), name);
        for odd in [
            "",
            "ba78",
            &"g".repeat(64),
            &"a".repeat(63),
            &"é".repeat(32),
        ] {
            assert_eq!(hash_of(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_command_names_its_signature_and_its_photos_whatever_else_it_says() {
        let (a, b) = (name_of(b"a"), name_of(b"b"));
        let names = |args: serde_json::Value| names_in(&args);
        let weighing =
            serde_json::json!({"photos": [b, "x.jpg", 7, a.to_uppercase(), a], "items": []});
        let mut both = vec![a.clone(), b.clone()];
        both.sort();
        assert_eq!(names(weighing), both, "each once");
        assert_eq!(names(serde_json::json!({"blob": a, "photos": null})), [a]);
        for odd in [
            serde_json::json!({"blob": 1, "photos": {"0": b}}),
            serde_json::json!([]),
            serde_json::Value::Null,
        ] {
            assert_eq!(names(odd), [""; 0]);
        }
    }

    #[test]
    fn a_weighing_has_nine_photos_at_most_each_by_its_name() {
        let name = "0".repeat(64);
        assert_eq!(photos_fault(&vec![name.clone(); 9]), None);
        assert_eq!(
            photos_fault(&vec![name.clone(); 10]),
            Some(("photos".to_owned(), "too_long"))
        );
        assert_eq!(
            photos_fault(&[name, "x.jpg".to_owned()]),
            Some(("photos[1]".to_owned(), "invalid"))
        );
    }
}
