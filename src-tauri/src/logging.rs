//! The log: lines on standard error, and JSON in a file a day of which the last week is kept. No personal data.

use std::path::Path;

use tracing_appender::rolling::{InitError, RollingFileAppender, Rotation};
use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

const KEPT_DAYS: usize = 7;
const DEFAULT: &str = "info,huishou=info,huishou_client=info,zbus=warn";

/// Starts the log in `folder`, for the life of the process. Without a writable folder standard error alone is used.
pub fn start(folder: &Path) {
    let file = match daily(folder) {
        Ok(file) => Some(fmt::layer().json().with_writer(file).with_filter(filter())),
        Err(error) => {
            eprintln!("no log file in {}: {error}", folder.display());
            None
        }
    };
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_filter(filter());
    // A second call, as in a test, keeps the first log.
    let _ = tracing_subscriber::registry()
        .with(file)
        .with(lines)
        .try_init();
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(at = ?panic.location().map(ToString::to_string), "the program failed");
    }));
}

fn daily(folder: &Path) -> Result<RollingFileAppender, InitError> {
    // A folder that cannot be made is told by the appender.
    let _ = std::fs::create_dir_all(folder);
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("huishou")
        .filename_suffix("log")
        .max_log_files(KEPT_DAYS)
        .build(folder)
}

fn filter() -> EnvFilter {
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT))
}
