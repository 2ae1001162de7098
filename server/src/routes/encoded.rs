//! Request bodies that come compressed: `Content-Encoding: zstd` or `gzip`, never larger than they may be when they are
//! unpacked, and never taking more memory than that and a small window.

use crate::problem::Problem;
use axum::{
    body::Bytes,
    http::{HeaderMap, header},
};
use std::io::Read;

/// Largest window of zstd that is accepted, as a power of two: 8 MiB, what every encoder keeps to by default.
const WINDOW: u32 = 23;

/// The body as it was before it was compressed, at most `limit` bytes.
///
/// # Errors
/// 413 `body_too_large`, 415 `unsupported_media_type` for another encoding, 400 `malformed_json` for what is none.
pub fn plain(headers: &HeaderMap, body: Bytes, limit: usize) -> Result<Bytes, Problem> {
    let Some(encoding) = headers.get(header::CONTENT_ENCODING) else {
        return Ok(body);
    };
    match encoding.as_bytes() {
        b"identity" => Ok(body),
        b"gzip" => unpacked(flate2::read::MultiGzDecoder::new(&body[..]), limit),
        b"zstd" => {
            let mut decoder =
                zstd::stream::read::Decoder::with_buffer(&body[..]).map_err(|_| bad())?;
            decoder.window_log_max(WINDOW).map_err(|_| bad())?;
            unpacked(decoder, limit)
        }
        _ => Err(Problem::new(415, "unsupported_media_type")),
    }
}

fn bad() -> Problem {
    Problem::new(400, "malformed_json")
}

fn unpacked(decoder: impl Read, limit: usize) -> Result<Bytes, Problem> {
    let mut plain = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    decoder
        .take(most.saturating_add(1))
        .read_to_end(&mut plain)
        .map_err(|_| bad())?;
    if plain.len() > limit {
        return Err(Problem::new(413, "body_too_large"));
    }
    Ok(plain.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::http::HeaderValue;
    use std::io::Write;

    fn read(encoding: &'static str, body: Vec<u8>, limit: usize) -> Result<Vec<u8>, (u16, String)> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        let plain = plain(&headers, body.into(), limit);
        plain
            .map(|bytes| bytes.to_vec())
            .map_err(|p| (p.status, p.code))
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn both_encodings_come_back_as_they_were() {
        let text = "王女士 \u{20bb7}".repeat(900).into_bytes();
        let packed = zstd::encode_all(&text[..], 3).unwrap();
        assert!(packed.len() * 10 < text.len());
        assert_eq!(read("zstd", packed, text.len()).unwrap(), text);
        assert_eq!(read("gzip", gzip(&text), text.len()).unwrap(), text);
        assert_eq!(read("identity", text.clone(), 1).unwrap(), text);
    }

    #[test]
    fn a_bomb_is_refused_where_it_passes_the_limit() {
        let zeros = vec![0_u8; 64 << 20];
        for (encoding, packed) in [
            ("zstd", zstd::encode_all(&zeros[..], 19).unwrap()),
            ("gzip", gzip(&zeros)),
        ] {
            assert!(packed.len() < 80_000, "{encoding}: {}", packed.len());
            let refused = read(encoding, packed, 1 << 20).unwrap_err();
            assert_eq!(refused, (413, "body_too_large".to_owned()), "{encoding}");
        }
        let one_more = zstd::encode_all(&[7_u8; 101][..], 3).unwrap();
        assert_eq!(read("zstd", one_more.clone(), 100).unwrap_err().0, 413);
        assert_eq!(read("zstd", one_more, 101).unwrap().len(), 101);
    }

    #[test]
    fn a_window_that_would_take_the_servers_memory_is_refused() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(&vec![1_u8; 9 << 20]).unwrap();
        let packed = encoder.finish().unwrap();
        assert_eq!(read("zstd", packed, 64 << 20).unwrap_err().0, 400);
    }

    #[test]
    fn what_is_no_encoding_or_an_unknown_one_is_said() {
        for encoding in ["zstd", "gzip"] {
            assert_eq!(read(encoding, b"{}".to_vec(), 100).unwrap_err().0, 400);
            let cut = match encoding {
                "zstd" => zstd::encode_all(&[5_u8; 4000][..], 3).unwrap(),
                _ => gzip(&[5_u8; 4000]),
            };
            let cut = cut[..cut.len() - 3].to_vec();
            assert_eq!(
                read(encoding, cut, 10_000).unwrap_err().0,
                400,
                "{encoding} cut short"
            );
        }
        assert_eq!(read("br", b"{}".to_vec(), 100).unwrap_err().0, 415);
    }
}
