//! Reading a command's arguments: what cannot be read, and what nobody asked for, is named.

use crate::error::{Error, Result};
use huishou_domain::command::{Command, DecodeError};
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
    match unread(filled, &command.args()?, "") {
        Some(field) => Err(Error::field("unknown_argument", as_stated(name, field))),
        None => Ok(command),
    }
}

/// A ticket's goods and adjustments are stated beside its quote, and lie in it once filled in.
fn as_stated(name: &str, field: String) -> String {
    let ticket = name.starts_with("ticket.create");
    match field.strip_prefix("quote.") {
        Some(rest) if ticket && (rest.starts_with("items") || rest.starts_with("adjustments")) => {
            rest.to_owned()
        }
        _ => field,
    }
}

/// The first thing given that reading left out. What is empty may be left out.
fn unread(given: &Value, read: &Value, path: &str) -> Option<String> {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => given.iter().find_map(|(key, value)| {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            match read.get(key) {
                Some(read) => unread(value, read, &path),
                None => (!is_empty(value)).then_some(path),
            }
        }),
        (Value::Array(given), Value::Array(read)) => given
            .iter()
            .zip(read)
            .enumerate()
            .find_map(|(index, (given, read))| unread(given, read, &format!("{path}[{index}]"))),
        _ => None,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
