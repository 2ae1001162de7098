//! The desktop shell: one window over the engine. It opens the store, answers the page's commands by calling the
//! engine, and passes the engine's news on. Rules of the trade, SQL and HTTP are none of its business.

mod commands;
mod events;
mod logging;
mod opening;
mod place;
mod window;

use std::{error::Error, process::ExitCode};

use huishou_client::{engine::Engine, view::session::AppError};
use tauri::{App, AppHandle, Manager, Wry};

use opening::Opened;
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
    let (opened, opening) = opening::opening();
    app.manage(opening);
    window::open(app, place.data())?;
    open_engine(app.clone(), &place, opened);
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

/// The store may wait for the keyring to be unlocked: meanwhile the window is there.
fn open_engine(app: AppHandle, place: &Place, opened: Opened) {
    let config = place.engine();
    tauri::async_runtime::spawn_blocking(move || {
        let engine = Engine::open(config).map_err(AppError::from);
        match &engine {
            Ok(engine) => start(app, engine),
            Err(error) => tracing::error!(code = error.code, "the store cannot be opened"),
        }
        opened.tell(engine);
    });
}

/// News to the page, and the loop of sync, for the life of the app.
fn start(app: AppHandle, engine: &Engine) {
    events::forward(app, engine);
    let engine = engine.clone();
    tauri::async_runtime::spawn(async move { engine.run().await });
}
