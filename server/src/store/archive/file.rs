//! The file of an archived month: a header, a row a line, an end with the count and the checksums.

use super::Line;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, BufWriter, Lines, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

const FORMAT: &str = "huishou-visits";
/// Raised when a reader of today could not read the file.
const SCHEMA: u32 = 1;

/// A file that is not one, or not whole.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// It cannot be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A line that cannot be read.
    #[error("line {0} cannot be read: {1}")]
    Line(usize, serde_json::Error),
    /// Not an archive of this product.
    #[error("it is no archive of visits")]
    Format,
    /// Of a newer program.
    #[error("it has schema {0}, this program reads up to {SCHEMA}")]
    Schema(u32),
    /// Cut off, or changed.
    #[error("its checksum is wrong: it is cut off, or has been changed")]
    Checksum,
    /// Of another month, or of another time.
    #[error("it is not the archive the database knows of this month; archive the month again")]
    Other,
    /// Something else would be overwritten.
    #[error("{} is there already; remove it or choose another name", .0.display())]
    Taken(PathBuf),
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    schema: u32,
    month: i32,
    made_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct End {
    rows: u64,
    content: String,
    sha256: String,
}

/// What a whole file says of itself.
#[derive(Debug, Clone)]
pub struct Whole {
    /// `202611`.
    pub month: i32,
    /// Rows.
    pub rows: u64,
    /// The rows' checksum.
    pub content: String,
}

/// A checksum in the making.
#[derive(Default)]
pub(super) struct Sum(Sha256);

impl Sum {
    pub(super) fn add(&mut self, line: &Line) {
        self.0.update(line.text().as_bytes());
        self.0.update(b"\n");
    }

    pub(super) fn hex(self) -> String {
        hex(&self.0.finalize())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file being written; it has its name once it is whole. Only its owner may read it: it holds names and addresses.
pub struct Archive {
    out: BufWriter<File>,
    half: PathBuf,
    path: PathBuf,
    month: i32,
    is_whole: bool,
    all: Sha256,
    content: Sum,
    rows: u64,
}

impl Archive {
    /// Only an archive of the same month is written over.
    pub(super) fn create(path: &Path, month: i32, now: DateTime<Utc>) -> Result<Self, Broken> {
        Self::free(path, month)?;
        let mut half = path.as_os_str().to_owned();
        half.push(".part");
        let half = PathBuf::from(half);
        let mut options = OpenOptions::new();
        let out = match options.write(true).create_new(true).mode(0o600).open(&half) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(Broken::Taken(half));
            }
            out => out?,
        };
        let mut archive = Self {
            out: BufWriter::new(out),
            half,
            path: path.to_owned(),
            month,
            is_whole: false,
            all: Sha256::new(),
            content: Sum::default(),
            rows: 0,
        };
        let header = Header {
            format: FORMAT.to_owned(),
            schema: SCHEMA,
            month,
            made_at: now,
        };
        archive.line(&to_text(&header)?)?;
        Ok(archive)
    }

    fn free(path: &Path, month: i32) -> Result<(), Broken> {
        let is_same = || Self::check(path).is_ok_and(|whole| whole.month == month);
        if path.symlink_metadata().is_ok() && !is_same() {
            return Err(Broken::Taken(path.to_owned()));
        }
        Ok(())
    }

    fn line(&mut self, text: &str) -> Result<(), Broken> {
        self.out.write_all(text.as_bytes())?;
        self.out.write_all(b"\n")?;
        self.all.update(text.as_bytes());
        self.all.update(b"\n");
        Ok(())
    }

    pub(super) fn add(&mut self, line: &Line) -> Result<(), Broken> {
        self.content.add(line);
        self.rows += 1;
        self.line(&line.text())
    }

    /// Durable on disk when it returns.
    pub(super) fn finish(mut self) -> Result<Whole, Broken> {
        let whole = Whole {
            month: self.month,
            rows: self.rows,
            content: std::mem::take(&mut self.content).hex(),
        };
        let end = End {
            rows: whole.rows,
            content: whole.content.clone(),
            sha256: hex(&std::mem::take(&mut self.all).finalize()),
        };
        self.line(&to_text(&end)?)?;
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        Self::free(&self.path, self.month)?;
        std::fs::rename(&self.half, &self.path)?;
        self.is_whole = true;
        let folder = self.path.parent().filter(|p| !p.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(whole)
    }

    /// Reads a file to its end and checks it.
    ///
    /// # Errors
    /// It is none, or not whole.
    pub fn check(path: &Path) -> Result<Whole, Broken> {
        let mut lines = BufReader::new(File::open(path)?).lines();
        let first = lines.next().ok_or(Broken::Format)??;
        let header: Header = serde_json::from_str(&first).map_err(|_| Broken::Format)?;
        if header.format != FORMAT {
            return Err(Broken::Format);
        }
        if header.schema > SCHEMA {
            return Err(Broken::Schema(header.schema));
        }
        let (mut all, mut content, mut rows) = (Sha256::new(), Sha256::new(), 0_u64);
        let mut before = first;
        let mut is_header = true;
        for line in lines {
            let line = line?;
            let sums = [Some(&mut all), (!is_header).then_some(&mut content)];
            for sum in sums.into_iter().flatten() {
                sum.update(before.as_bytes());
                sum.update(b"\n");
            }
            rows += u64::from(!is_header);
            is_header = false;
            before = line;
        }
        let end: End = serde_json::from_str(&before).map_err(|_| Broken::Checksum)?;
        let content = hex(&content.finalize());
        if end.sha256 != hex(&all.finalize()) || end.content != content || end.rows != rows {
            return Err(Broken::Checksum);
        }
        Ok(Whole {
            month: header.month,
            rows,
            content,
        })
    }

    /// The rows of a checked file, so many at once.
    pub(super) fn pages(path: &Path, most: usize) -> Result<Pages, Broken> {
        let mut lines = BufReader::new(File::open(path)?).lines();
        let _header = lines.next().transpose()?;
        Ok(Pages { lines, most, at: 1 })
    }
}

/// What did not become whole is not left behind.
impl Drop for Archive {
    fn drop(&mut self) {
        if !self.is_whole {
            let _ = std::fs::remove_file(&self.half);
        }
    }
}

/// See [`Archive::pages`].
pub(super) struct Pages {
    lines: Lines<BufReader<File>>,
    most: usize,
    at: usize,
}

impl Iterator for Pages {
    type Item = Result<Vec<Line>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut page = Vec::new();
        while page.len() < self.most
            && let Some(line) = self.lines.next()
        {
            self.at += 1;
            match line {
                Ok(text) if text.starts_with("{\"rows\":") => break,
                Ok(text) => match Line::parse(&text) {
                    Ok(line) => page.push(line),
                    Err(error) => return Some(Err(Broken::Line(self.at, error))),
                },
                Err(error) => return Some(Err(error.into())),
            }
        }
        (!page.is_empty()).then_some(Ok(page))
    }
}

fn to_text(value: &impl Serialize) -> Result<String, Broken> {
    serde_json::to_string(value).map_err(|error| Broken::Line(0, error))
}
