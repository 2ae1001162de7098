//! The checkout's own text files, and just enough of a reader of source text: comments, string literals,
//! test modules.

use std::process::Command;

use blackbox::paths::root;

/// A text file of the checkout.
pub struct File {
    /// Its path from the root, with forward slashes.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

impl File {
    /// Tests may be long, and may say what the product's own code may not.
    pub fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.path
            .split('/')
            .any(|folder| folder == "tests" || folder == "e2e")
            || name == "tests.rs"
            || name.contains(".test.")
            || name.contains(".spec.")
    }

    /// Written by a program.
    pub fn is_generated(&self) -> bool {
        self.path.starts_with("ui/src/bindings/")
    }
}

/// All text files that are tracked, or new and not ignored, in the order of their paths.
pub fn files() -> Vec<File> {
    let listed = Command::new("git")
        .current_dir(root())
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output()
        .expect("git");
    assert!(
        listed.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&listed.stderr)
    );
    let mut paths: Vec<String> = String::from_utf8(listed.stdout)
        .expect("paths are UTF-8")
        .split_terminator('\0')
        .map(str::to_owned)
        .collect();
    paths.sort();
    paths.dedup();
    // A file that was deleted but not yet committed is listed too, and an image is no text: both are passed over.
    paths
        .into_iter()
        .filter_map(|path| {
            std::fs::read_to_string(root().join(&path))
                .ok()
                .map(|text| File { path, text })
        })
        .collect()
}

/// Those whose name ends in one of these extensions.
pub fn files_with(extensions: &[&str]) -> Vec<File> {
    files()
        .into_iter()
        .filter(|file| {
            file.path
                .rsplit_once('.')
                .is_some_and(|(_, extension)| extensions.contains(&extension))
        })
        .collect()
}

/// Rust source up to its test module, which by custom stands last.
pub fn code_without_tests(text: &str) -> String {
    text.split("#[cfg(test)]\nmod ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Whether a line holds a Chinese character (any Han block, the 4-byte ones too).
pub fn has_han(line: &str) -> bool {
    line.chars().any(|c| matches!(u32::from(c), 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF))
}

/// The text with comments of Rust, TypeScript and HTML taken out and every line break kept.
pub fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    scan(text, |piece| match piece {
        Piece::Code(c) => kept.push(c),
        Piece::Literal { raw, .. } => kept.push_str(raw),
        Piece::Comment(comment) => kept.extend(comment.chars().filter(|c| *c == '\n')),
    });
    kept
}

/// The contents of Rust's string literals, escapes left as they are written.
pub fn string_literals(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    scan(text, |piece| {
        if let Piece::Literal { inner, .. } = piece {
            found.push(inner.to_owned());
        }
    });
    found
}

enum Piece<'a> {
    Code(char),
    Literal { raw: &'a str, inner: &'a str },
    Comment(&'a str),
}

fn scan<'a>(text: &'a str, mut see: impl FnMut(Piece<'a>)) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (length, piece) = comment(rest)
            .or_else(|| character(rest))
            .or_else(|| raw_literal(rest))
            .or_else(|| literal(rest))
            .unwrap_or((c.len_utf8(), Piece::Code(c)));
        see(piece);
        rest = &rest[length..];
    }
}

fn comment(rest: &str) -> Option<(usize, Piece<'_>)> {
    let end = if rest.starts_with("//") {
        rest.find('\n').unwrap_or(rest.len())
    } else if rest.starts_with("/*") {
        rest.find("*/").map_or(rest.len(), |at| at + 2)
    } else if rest.starts_with("<!--") {
        rest.find("-->").map_or(rest.len(), |at| at + 3)
    } else {
        return None;
    };
    Some((end, Piece::Comment(&rest[..end])))
}

/// `'"'` and `'\"'` do not open a string.
fn character(rest: &str) -> Option<(usize, Piece<'_>)> {
    ["'\"'", "'\\\"'", "b'\"'"]
        .iter()
        .find(|quoted| rest.starts_with(**quoted))
        .map(|quoted| (quoted.len(), Piece::Code(' ')))
}

fn raw_literal(rest: &str) -> Option<(usize, Piece<'_>)> {
    let hashes = rest
        .strip_prefix('r')?
        .chars()
        .take_while(|c| *c == '#')
        .count();
    let start = 1 + hashes + 1;
    if rest.as_bytes().get(start - 1) != Some(&b'"') {
        return None;
    }
    let closing = format!("\"{}", "#".repeat(hashes));
    let inner = rest[start..].find(&closing)?;
    let end = start + inner + closing.len();
    Some((
        end,
        Piece::Literal {
            raw: &rest[..end],
            inner: &rest[start..start + inner],
        },
    ))
}

fn literal(rest: &str) -> Option<(usize, Piece<'_>)> {
    let body = rest.strip_prefix('"')?;
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            '"' if !escaped => {
                return Some((
                    at + 2,
                    Piece::Literal {
                        raw: &rest[..at + 2],
                        inner: &body[..at],
                    },
                ));
            }
            _ => escaped = c == '\\' && !escaped,
        }
    }
    None
}
