//! Sync made visible.

use huishou_client::view::{
    quote::Executed,
    sync::{MutationEntry, SyncStatus},
};
use serde_json::Value;
use tauri::State;
use uuid::Uuid;

use super::Answer;
use crate::opening::Opening;

/// State of sync.
#[tauri::command]
pub async fn sync_status(opening: State<'_, Opening>) -> Answer<SyncStatus> {
    Ok(opening.engine().await?.sync_status()?)
}

/// Pushes and pulls now; answers when that is done.
#[tauri::command]
pub async fn sync_now(opening: State<'_, Opening>) -> Answer<SyncStatus> {
    Ok(opening.engine().await?.sync_now().await?)
}

/// The offline switch for training.
#[tauri::command]
pub async fn set_offline(opening: State<'_, Opening>, offline: bool) -> Answer<SyncStatus> {
    Ok(opening.engine().await?.set_offline(offline)?)
}

/// Compares what is held here with the server now.
#[tauri::command]
pub async fn check_now(opening: State<'_, Opening>) -> Answer<SyncStatus> {
    Ok(opening.engine().await?.check_now().await?)
}

/// Changes made here: waiting and refused first, then those answered last.
#[tauri::command]
pub async fn mutations(opening: State<'_, Opening>) -> Answer<Vec<MutationEntry>> {
    Ok(opening.engine().await?.mutations()?)
}

/// Lets a refused change go.
#[tauri::command]
pub async fn mutation_discard(opening: State<'_, Opening>, uid: Uuid) -> Answer<()> {
    Ok(opening.engine().await?.mutation_discard(uid)?)
}

/// Does a refused change again with other arguments.
#[tauri::command]
pub async fn mutation_resend(
    opening: State<'_, Opening>,
    uid: Uuid,
    args: Value,
) -> Answer<Executed> {
    Ok(opening.engine().await?.mutation_resend(uid, args)?)
}

/// Writes a bundle for support, without personal data; answers its path.
#[tauri::command]
pub async fn diagnostics(opening: State<'_, Opening>) -> Answer<String> {
    Ok(opening.engine().await?.diagnostics()?)
}
