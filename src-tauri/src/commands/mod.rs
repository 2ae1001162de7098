//! What the page may ask: get the engine, call one function, answer. Names and shapes are the engine's views; the
//! page's side of each is in `ui/src/host`.

pub mod drafts;
pub mod pictures;
pub mod quote;
pub mod session;
pub mod store;
pub mod sync;
pub mod visits;

use huishou_client::view::session::AppError;
use tauri::{Builder, Wry};

/// What a command answers: an error has a stable code the page has words for.
pub type Answer<T> = Result<T, AppError>;

/// Makes all commands known to the app.
pub fn register(builder: Builder<Wry>) -> Builder<Wry> {
    builder.invoke_handler(tauri::generate_handler![
        session::session_state,
        store::open_store,
        store::ways_back,
        store::recover_store,
        store::set_store_aside,
        store::bring_store_back,
        store::verify_store,
        store::repair_store,
        store::plan_salvage,
        store::salvage_store,
        session::register,
        session::sign_in,
        session::sign_out,
        session::practice_enter,
        session::practice_leave,
        session::settings_get,
        session::settings_put,
        visits::appointments,
        visits::appointment,
        visits::orders,
        visits::order,
        visits::directory,
        visits::execute,
        quote::book,
        quote::preview,
        quote::weigh,
        quote::ticket,
        quote::book_visit,
        quote::estimate,
        drafts::draft_get,
        drafts::draft_put,
        drafts::draft_delete,
        drafts::drafts,
        pictures::picture_put,
        pictures::picture,
        pictures::picture_discard,
        sync::sync_status,
        sync::sync_now,
        sync::set_offline,
        sync::check_now,
        sync::mutations,
        sync::mutation_discard,
        sync::mutation_resend,
        sync::diagnostics,
    ])
}
