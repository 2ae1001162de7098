//! A mutation as it arrives: read as far as it can be, with what has to be looked up before its transaction.

use super::ports::{Host, Prepared};
use crate::problem::Problem;
use huishou_domain::{
    command::{Command, DecodeError, Subject},
    sync::message::{MAX_BYTES, Mutation},
};
use serde::Deserialize;
use std::borrow::Cow;
use uuid::Uuid;

/// A mutation larger than this is not taken; half a request, so that one always fits.
const MAX_MUTATION_BYTES: usize = MAX_BYTES / 2;
/// So much of an oversized mutation is kept.
const KEPT_BYTES: usize = 64 * 1024;

/// A mutation as it came, read as far as it can be.
pub struct Arrived {
    /// Its place in the push, from 0.
    pub index: usize,
    /// Its number.
    pub id: i64,
    /// As it came; the beginning only, of one that is too large.
    pub raw: String,
    /// It is not too large.
    pub fits: bool,
    /// The mutation, if it can be read.
    pub read: Option<Mutation>,
    /// Its command.
    pub command: Option<Result<Command, DecodeError>>,
    /// What was made ready for its transaction.
    pub prepared: Prepared,
}

/// Only what must be readable: a mutation without a number cannot be answered.
#[derive(Deserialize)]
struct Numbered {
    id: i64,
}

/// What may be read of a mutation that is otherwise unreadable.
#[derive(Deserialize, Default)]
struct Scraps {
    #[serde(default)]
    uid: Option<Uuid>,
    #[serde(default)]
    name: String,
}

impl Arrived {
    /// Reads a mutation, and prepares what must happen before its transaction.
    ///
    /// # Errors
    /// One without a number, or the database's.
    pub async fn read(host: &impl Host, raw: &str, index: usize) -> Result<Self, Problem> {
        let numbered: Numbered =
            serde_json::from_str(raw).map_err(|_| Problem::field(&id_field(index), "type"))?;
        if numbered.id < 1 {
            return Err(Problem::field(&id_field(index), "out_of_range"));
        }
        let fits = raw.len() <= MAX_MUTATION_BYTES;
        let read: Option<Mutation> = serde_json::from_str(raw).ok().filter(|_| fits);
        let command = read.as_ref().map(|m| Command::decode(&m.name, &m.args));
        let decoded = command.as_ref().and_then(|c| c.as_ref().ok());
        let prepared = match decoded {
            Some(command) => host.prepare(command).await?,
            None => Prepared::default(),
        };
        let raw = if fits {
            raw
        } else {
            beginning(raw, KEPT_BYTES)
        }
        .to_owned();
        Ok(Self {
            index,
            id: numbered.id,
            raw,
            fits,
            read,
            command,
            prepared,
        })
    }

    /// Where its number stands in the request.
    #[must_use]
    pub fn id_field(&self) -> String {
        id_field(self.index)
    }

    /// What its command is about, if that can be read.
    #[must_use]
    pub fn subject(&self) -> Option<Subject> {
        let command = self.command.as_ref()?.as_ref().ok()?;
        Some(command.subject())
    }

    /// Its unique id, whatever its form.
    #[must_use]
    pub fn uid(&self) -> Option<Uuid> {
        match &self.read {
            Some(mutation) => Some(mutation.uid),
            None => self.scraps().uid,
        }
    }

    /// Its command's name, whatever its form; empty if there is none.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match &self.read {
            Some(mutation) => Cow::Borrowed(&mutation.name),
            None => Cow::Owned(self.scraps().name),
        }
    }

    fn scraps(&self) -> Scraps {
        serde_json::from_str(&self.raw).unwrap_or_default()
    }
}

fn id_field(index: usize) -> String {
    format!("mutations[{index}].id")
}

/// At most so many bytes, cut between characters.
fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    &text[..end]
}
