//! This device's store: its key got back, looked at, repaired, made anew.

use huishou_client::{
    engine::{Plan, Repair, Verified},
    view::session::{SessionState, SetAside, WaysBack},
};
use tauri::{AppHandle, State};

use super::Answer;
use crate::opening::Opening;

/// Tries again to open the store, with a passphrase where there is no keyring.
#[tauri::command]
pub async fn open_store(
    app: AppHandle,
    opening: State<'_, Opening>,
    passphrase: Option<String>,
) -> Answer<SessionState> {
    Ok(opening.open(&app, passphrase).await?.session_state()?)
}

/// What there is to open a store with whose key is not at hand.
#[tauri::command]
pub async fn ways_back(opening: State<'_, Opening>) -> Answer<WaysBack> {
    opening.ways_back().await
}

/// Gets the store's key back from the server by a pairing code, and opens the store. The sessions of before have ended
/// with that: whoever uses the device signs in.
#[tauri::command]
pub async fn recover_store(
    app: AppHandle,
    opening: State<'_, Opening>,
    pairing_code: String,
    passphrase: Option<String>,
) -> Answer<SessionState> {
    let engine = opening.recover(&app, &pairing_code, passphrase).await?;
    Ok(engine.sign_out().await?)
}

/// Sets a store aside that nothing opens any more; answers where its files lie.
#[tauri::command]
pub async fn set_store_aside(opening: State<'_, Opening>) -> Answer<SetAside> {
    opening.set_aside().await
}

/// Brings a store back that was set aside, and opens it.
#[tauri::command]
pub async fn bring_store_back(
    app: AppHandle,
    opening: State<'_, Opening>,
    name: String,
) -> Answer<SessionState> {
    Ok(opening.bring_back(&app, name).await?.session_state()?)
}

/// What is wrong with the store, and what can be done about it.
#[tauri::command]
pub async fn verify_store(opening: State<'_, Opening>) -> Answer<Verified> {
    opening.verify().await
}

/// Does a repair on the open store; answers what is wrong then.
#[tauri::command]
pub async fn repair_store(opening: State<'_, Opening>, repair: Repair) -> Answer<Verified> {
    Ok(opening.engine().await?.repair(repair)?)
}

/// What making the store anew would keep.
#[tauri::command]
pub async fn plan_salvage(opening: State<'_, Opening>) -> Answer<Plan> {
    opening.plan_salvage().await
}

/// Makes the store anew from what can be read; answers what was kept.
#[tauri::command]
pub async fn salvage_store(app: AppHandle, opening: State<'_, Opening>) -> Answer<Plan> {
    opening.salvage(&app).await
}
