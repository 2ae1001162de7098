//! Reading a command's arguments: what cannot be read, and what nobody asked for, is named.

use crate::{
    error::{Error, Result},
    view::quote::PreviewRequest,
};
use huishou_domain::command::{Command, DecodeError};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The command of these arguments, already filled in.
///
/// # Errors
/// `invalid_arguments` or `unknown_argument` with the field, `unknown_command`.
pub fn decode(name: &str, filled: &Value) -> Result<Command> {
    let command = Command::decode(name, filled).map_err(|error| {
        tracing::info!(%error, "a command cannot be read");
        match error {
            DecodeError::UnknownName(_) => Error::field("unknown_command", "name"),
            DecodeError::BadArgs { field: None, .. } => Error::code("invalid_arguments"),
            DecodeError::BadArgs {
                field: Some(field), ..
            } => Error::field("invalid_arguments", as_stated(name, field)),
        }
    })?;
    // A price book is checked by its hash, and may hold what only newer apps read.
    if let Command::Publish(_) = command {
        return Ok(command);
    }
    let read = |args: &Value| Command::decode(name, args).ok()?.args().ok();
    match unknown(filled, &read) {
        Some(field) => Err(Error::field("unknown_argument", as_stated(name, field))),
        None => Ok(command),
    }
}

/// What is to be priced, as a script states it.
///
/// # Errors
/// `required`, `invalid_arguments` or `unknown_argument` with the field.
pub fn preview(stated: &Value) -> Result<PreviewRequest> {
    let request = parts_of_preview(stated)?;
    let read = |stated: &Value| serde_json::to_value(parts_of_preview(stated).ok()?).ok();
    match unknown(stated, &read) {
        Some(field) => Err(Error::field("unknown_argument", field)),
        None => Ok(request),
    }
}

fn parts_of_preview(stated: &Value) -> Result<PreviewRequest> {
    if !stated.is_object() {
        return Err(Error::code("invalid_arguments"));
    }
    Ok(PreviewRequest {
        items: part(stated, "items")?.ok_or_else(|| Error::field("required", "items"))?,
        adjustments: part(stated, "adjustments")?.unwrap_or_default(),
        gap_reasons: part(stated, "gap_reasons")?.unwrap_or_default(),
        appointment_id: part(stated, "appointment_id")?,
    })
}

/// One field, none where it is missing or null.
fn part<T: DeserializeOwned>(stated: &Value, key: &str) -> Result<Option<T>> {
    let value = stated.get(key).cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|_| Error::field("invalid_arguments", key))
}

/// Goods and adjustments of a ticket or estimate are stated beside its quote, and lie in it once filled in.
fn as_stated(name: &str, field: String) -> String {
    let beside = name.starts_with("ticket.create") || name.starts_with("appointment.estimate");
    match field.strip_prefix("quote.") {
        Some(rest) if beside && (rest.starts_with("items") || rest.starts_with("adjustments")) => {
            rest.to_owned()
        }
        _ => field,
    }
}

/// The first thing given that nobody reads. What is empty is left out when written again, whether it was read or not:
/// `true` in its place is either read, or refused, or nobody's.
fn unknown(given: &Value, read: &dyn Fn(&Value) -> Option<Value>) -> Option<String> {
    let mut left_out = Vec::new();
    collect(given, &read(given)?, &Place::default(), &mut left_out);
    let nobodys = |place: &Place| {
        let mut probe = given.clone();
        let Some(value) = probe.pointer_mut(&place.pointer) else {
            return false;
        };
        *value = Value::Bool(true);
        read(&probe).is_some_and(|read| read.pointer(&place.pointer).is_none())
    };
    left_out.into_iter().find(nobodys).map(|place| place.words)
}

/// Where a value stands: as a JSON pointer, and as people are told (`items[0].quantity`).
#[derive(Default)]
struct Place {
    pointer: String,
    words: String,
}

impl Place {
    fn key(&self, key: &str) -> Self {
        let step = key.replace('~', "~0").replace('/', "~1");
        let dot = if self.words.is_empty() { "" } else { "." };
        Self {
            pointer: format!("{}/{step}", self.pointer),
            words: format!("{}{dot}{key}", self.words),
        }
    }

    fn index(&self, index: usize) -> Self {
        Self {
            pointer: format!("{}/{index}", self.pointer),
            words: format!("{}[{index}]", self.words),
        }
    }
}

/// What was given and is not there when written again.
fn collect(given: &Value, read: &Value, place: &Place, left_out: &mut Vec<Place>) {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => {
            for (key, value) in given {
                match read.get(key) {
                    Some(read) => collect(value, read, &place.key(key), left_out),
                    None => left_out.push(place.key(key)),
                }
            }
        }
        (Value::Array(given), Value::Array(read)) => {
            for (index, (given, read)) in given.iter().zip(read).enumerate() {
                collect(given, read, &place.index(index), left_out);
            }
        }
        _ => {}
    }
}
