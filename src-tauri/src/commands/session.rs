//! Who uses the app, and its settings.

use huishou_client::view::session::{Credentials, Registration, SessionState, Settings};
use tauri::State;

use super::Answer;
use crate::opening::Opening;

/// How the app is being used, by whom.
#[tauri::command]
pub async fn session_state(opening: State<'_, Opening>) -> Answer<SessionState> {
    Ok(opening.engine().await?.session_state()?)
}

/// Registers this device and signs in.
#[tauri::command]
pub async fn register(
    opening: State<'_, Opening>,
    registration: Registration,
) -> Answer<SessionState> {
    Ok(opening.engine().await?.register(registration).await?)
}

/// Signs in on a registered device.
#[tauri::command]
pub async fn sign_in(
    opening: State<'_, Opening>,
    credentials: Credentials,
) -> Answer<SessionState> {
    Ok(opening.engine().await?.sign_in(credentials).await?)
}

/// Signs out; the store stays.
#[tauri::command]
pub async fn sign_out(opening: State<'_, Opening>) -> Answer<SessionState> {
    Ok(opening.engine().await?.sign_out().await?)
}

/// Switches to practice: a store of its own, never pushed.
#[tauri::command]
pub async fn practice_enter(opening: State<'_, Opening>) -> Answer<SessionState> {
    Ok(opening.engine().await?.practice_enter()?)
}

/// Leaves practice.
#[tauri::command]
pub async fn practice_leave(opening: State<'_, Opening>) -> Answer<SessionState> {
    Ok(opening.engine().await?.practice_leave()?)
}

/// Preferences of this device.
#[tauri::command]
pub async fn settings_get(opening: State<'_, Opening>) -> Answer<Settings> {
    Ok(opening.engine().await?.settings_get()?)
}

/// Stores preferences.
#[tauri::command]
pub async fn settings_put(opening: State<'_, Opening>, settings: Settings) -> Answer<Settings> {
    Ok(opening.engine().await?.settings_put(&settings)?)
}
