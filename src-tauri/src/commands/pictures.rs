//! Signatures and photos of goods.

use huishou_client::view::picture::Picture;
use tauri::State;

use super::Answer;
use crate::opening::Opening;

/// Keeps a picture (base64) and answers its name; when this answers it is on the disk.
#[tauri::command]
pub async fn picture_put(opening: State<'_, Opening>, data: String) -> Answer<String> {
    Ok(opening.engine().await?.picture_put(&data)?)
}

/// A picture by its name: from here, or else from the server.
#[tauri::command]
pub async fn picture(opening: State<'_, Opening>, sha256: String) -> Answer<Picture> {
    Ok(opening.engine().await?.picture(&sha256).await?)
}

/// Forgets a picture that was taken away again before anything named it.
#[tauri::command]
pub async fn picture_discard(opening: State<'_, Opening>, sha256: String) -> Answer<()> {
    Ok(opening.engine().await?.discard_blob(&sha256)?)
}
