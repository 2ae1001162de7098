//! Lists as they are answered: whole ones, and work lists in pages.

use super::body::Params;
use crate::{form::Form, problem::Problem, store::worklist::Wanted};
use axum::Json;
use serde::Serialize;
use serde_json::{Value, json};
use std::str::FromStr;

/// A list that comes whole.
pub fn whole(items: impl Serialize) -> Json<Value> {
    Json(json!({"items": items, "next": null}))
}

/// Which page of a work list is asked for: `?closed=`, `?after=`, `?limit=`.
///
/// # Errors
/// 422 `type` or `out_of_range`.
pub fn wanted<Key: FromStr>(params: &Params) -> Result<Wanted<Key>, Problem> {
    let most = params.limit()?;
    let before = params.get("after").map(str::parse).transpose();
    let before = before.map_err(|_| Problem::field("after", "type"))?;
    let closed = match params.given("closed") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::field("closed", "type")),
    };
    Ok(Wanted {
        closed,
        before,
        most,
    })
}

/// A page of a work list; a full one says where the next begins.
pub fn page<Row: Serialize, Key>(
    wanted: &Wanted<Key>,
    items: Vec<Row>,
    id: impl Fn(&Row) -> String,
) -> Json<Value> {
    let full = items.len() == wanted.most as usize;
    let next = items.last().filter(|_| full).map(id);
    Json(json!({"items": items, "next": next}))
}

/// The word with which an entry is closed.
///
/// # Errors
/// 422.
pub fn resolution(raw: &Value) -> Result<String, Problem> {
    let mut form = Form::new(raw)?;
    let words = form.text("resolution", 1..=500);
    form.finish()?;
    Ok(words)
}
