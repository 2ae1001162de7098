//! The desktop shell.

/// Runs the app until its window is closed.
#[must_use]
pub fn run() -> std::process::ExitCode {
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|_, _, _| {}))
        .plugin(tauri_plugin_window_state::Builder::default().build())
        .run(tauri::generate_context!());
    match app {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(_) => std::process::ExitCode::FAILURE,
    }
}
