//! A mutation as it arrives: read as far as it can be, with what has to be looked up before its transaction.

use super::catalogue;
use crate::{app::State, books::Compiled, problem::Problem, slots, store::orders::Route};
use huishou_domain::{
    command::{Command, DecodeError, Subject},
    sync::message::{MAX_BYTES, Mutation},
};
use serde::Deserialize;
use std::sync::Arc;
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
    /// The price book its quote names, if the server has it.
    pub book: Option<Arc<Compiled>>,
    /// Where the order of a new ticket goes.
    pub route: Option<Route>,
}

/// Only what must be readable: a mutation without a number cannot be answered.
#[derive(Deserialize)]
struct Numbered {
    id: i64,
}

/// What may be read of a mutation that is otherwise unreadable.
#[derive(Deserialize, Default)]
pub struct Scraps {
    /// The unique id.
    #[serde(default)]
    pub uid: Option<Uuid>,
    /// The command's name.
    #[serde(default)]
    pub name: String,
}

impl Arrived {
    /// Reads a mutation, and prepares what must happen before its transaction: DDL commits implicitly, and a
    /// transaction that waits for a second connection could starve the pool.
    ///
    /// # Errors
    /// One without a number, or the database's.
    pub async fn read(app: &State, raw: &str, index: usize) -> Result<Self, Problem> {
        let numbered: Numbered =
            serde_json::from_str(raw).map_err(|_| Problem::field(&id_field(index), "type"))?;
        if numbered.id < 1 {
            return Err(Problem::field(&id_field(index), "out_of_range"));
        }
        let fits = raw.len() <= MAX_MUTATION_BYTES;
        let read: Option<Mutation> = serde_json::from_str(raw).ok().filter(|_| fits);
        let command = read.as_ref().map(|m| Command::decode(&m.name, &m.args));
        let decoded = command.as_ref().and_then(|c| c.as_ref().ok());
        let route = match decoded.map(Command::subject) {
            Some(Subject::NewTicket(id)) => Some(app.db.route_new_order(id, app.now()).await?),
            _ => None,
        };
        if let Some(Command::Reschedule(args)) = decoded {
            slots::prepare(
                &app.db,
                args.appointment_id,
                args.appointment_time,
                app.now(),
            )
            .await?;
        }
        let book = match decoded.and_then(catalogue::named_book) {
            Some(named) => {
                app.books
                    .version(&app.db, &named.city, named.version)
                    .await?
            }
            None => None,
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
            book,
            route,
        })
    }

    /// Where its number stands in the request.
    #[must_use]
    pub fn id_field(&self) -> String {
        id_field(self.index)
    }

    /// What may be read of it whatever its form.
    #[must_use]
    pub fn scraps(&self) -> Scraps {
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
