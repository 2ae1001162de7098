//! What was being typed.

use huishou_client::view::draft::DraftEntry;
use serde_json::Value;
use tauri::State;

use super::Answer;
use crate::opening::Opening;

/// A stored draft.
#[tauri::command]
pub async fn draft_get(opening: State<'_, Opening>, key: String) -> Answer<Option<Value>> {
    Ok(opening.engine().await?.draft_get(&key)?)
}

/// Stores a draft; when this answers it is on the disk.
#[tauri::command]
pub async fn draft_put(opening: State<'_, Opening>, key: String, value: Value) -> Answer<()> {
    Ok(opening.engine().await?.draft_put(&key, &value)?)
}

/// Removes a draft.
#[tauri::command]
pub async fn draft_delete(opening: State<'_, Opening>, key: String) -> Answer<()> {
    Ok(opening.engine().await?.draft_delete(&key)?)
}

/// Which drafts there are.
#[tauri::command]
pub async fn drafts(opening: State<'_, Opening>) -> Answer<Vec<DraftEntry>> {
    Ok(opening.engine().await?.drafts()?)
}
