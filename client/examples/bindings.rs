//! Writes the TypeScript types of everything that crosses between engine and window to `ui/src/bindings`, or to
//! `TS_RS_EXPORT_DIR`. `scripts/bindings` is the one command; the repository's tests fail when the files are stale.

use huishou_client::{
    engine,
    view::{book, draft, picture, quote, session, sync, visit},
};
use huishou_domain::command;
use ts_rs::{Config, ExportError, TS};

/// Exports each type with everything it refers to.
macro_rules! export {
    ($config:expr, $($shape:ty),* $(,)?) => { $(<$shape>::export_all($config)?;)* };
}

fn main() -> Result<(), ExportError> {
    let folder = std::env::var("TS_RS_EXPORT_DIR")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/bindings").into());
    // Every integer of the contract stays far below 2⁵³.
    let config = &Config::new().with_out_dir(folder).with_large_int("number");
    export!(
        config,
        session::SessionState,
        session::Registration,
        session::Credentials,
        session::Settings,
        session::AppError,
        session::WaysBack
    );
    export!(config, engine::Verified, engine::Plan);
    export!(
        config,
        sync::SyncStatus,
        sync::MutationEntry,
        sync::DataChanged,
        draft::DraftEntry,
        picture::Picture
    );
    export!(
        config,
        visit::AppointmentFilter,
        visit::AppointmentRow,
        visit::AppointmentDetail
    );
    export!(
        config,
        visit::OrderFilter,
        visit::OrderRow,
        visit::OrderDetail,
        visit::Directory,
        book::BookView
    );
    export!(
        config,
        quote::PreviewRequest,
        quote::Preview,
        quote::WeighRequest,
        quote::BookingRequest,
        quote::EstimateRequest,
        quote::TicketRequest,
        quote::Executed
    );
    export!(
        config,
        command::OfAppointment,
        command::Assign,
        command::Reschedule,
        command::Cancel,
        command::Accept
    );
    export!(
        config,
        command::Pay,
        command::RefundArgs,
        command::Void,
        command::Receive
    );
    Ok(())
}
