//! The desktop shell: one window over the engine. It opens the store, answers the page's commands by calling the
//! engine, and passes the engine's news on. Rules of the trade, SQL and HTTP are none of its business.

mod commands;
mod events;
mod logging;
mod opening;
mod place;
mod window;

use std::{error::Error, process::ExitCode};

use tauri::{App, Manager, Wry};

use opening::Opening;
use place::Place;

/// Runs the app until its window is closed.
#[must_use]
pub fn run() -> ExitCode {
    let app = commands::register(tauri::Builder::default())
        .setup(set_up)
        .run(tauri::generate_context!());
    match app {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the app cannot run");
            ExitCode::FAILURE
        }
    }
}

/// A second start ends in here, before anything of the running app's is touched.
fn set_up(app: &mut App) -> Result<(), Box<dyn Error>> {
    let app = app.handle();
    let place = Place::find(app)?;
    app.plugin(only_one(&place))?;
    logging::start(&place.logs());
    app.plugin(remembered_window(&place))?;
    app.manage(Opening::of(place.engine()));
    window::open(app, place.data())?;
    let app = app.clone();
    tauri::async_runtime::spawn(async move { app.state::<Opening>().open(&app, None).await });
    Ok(())
}

fn only_one(place: &Place) -> tauri::plugin::TauriPlugin<Wry> {
    tauri_plugin_single_instance::Builder::new()
        .dbus_id(place.bus_name())
        .callback(|app, _, _| window::bring_forward(app))
        .build()
}

fn remembered_window(place: &Place) -> tauri::plugin::TauriPlugin<Wry> {
    use tauri_plugin_window_state::StateFlags;
    tauri_plugin_window_state::Builder::default()
        // When to show it is the page's affair: it is shown when it has something to show.
        .with_state_flags(StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED)
        .with_filename(place.data().join("window.json").to_string_lossy())
        .build()
}
