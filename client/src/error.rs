//! What can go wrong in the engine, and the stable codes people's words hang on. Internal text stays in the log.

use crate::view::session::{AppError, FieldFault};
use huishou_domain::{booking::FieldError, visit::Refusal};

/// Any failure of the engine.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was asked is not possible, and why.
    #[error("refused: {}", .0.code)]
    Refused(AppError),
    /// SQLite or SQLCipher failed.
    #[error("the store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A stored body cannot be read.
    #[error("stored data cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A file beside the store cannot be read or written.
    #[error("file: {0}")]
    Io(#[from] std::io::Error),
    /// The OS keyring failed.
    #[error("keyring: {0}")]
    Keyring(#[from] keyring::Error),
    /// The server could not be reached.
    #[error("no contact with the server: {0}")]
    Offline(String),
    /// The server answered with a problem.
    #[error("the server answered {status} {code}")]
    Problem {
        /// HTTP status.
        status: u16,
        /// Stable code.
        code: String,
        /// Field at fault.
        field: Option<String>,
        /// The whole of what was said.
        body: Box<serde_json::Value>,
    },
    /// The server's answer cannot be understood.
    #[error("the server's answer cannot be understood: {0}")]
    Undecodable(String),
}

/// The engine's results.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A refusal with a code.
    #[must_use]
    pub fn code(code: &str) -> Self {
        Self::Refused(AppError {
            code: code.to_owned(),
            field: None,
            errors: Vec::new(),
        })
    }

    /// A refusal because of one field.
    #[must_use]
    pub fn field(code: &str, field: impl Into<String>) -> Self {
        Self::Refused(AppError {
            code: code.to_owned(),
            field: Some(field.into()),
            errors: Vec::new(),
        })
    }

    /// A refusal because of several fields; the first leads.
    #[must_use]
    pub fn fields(code: &str, errors: Vec<FieldFault>) -> Self {
        Self::Refused(AppError {
            code: code.to_owned(),
            field: errors.first().map(|e| e.field.clone()),
            errors,
        })
    }

    /// No such entity here.
    #[must_use]
    pub fn not_found(field: &str) -> Self {
        Self::field("not_found", field)
    }

    /// Nobody is signed in, or the session cannot be renewed.
    #[must_use]
    pub fn sign_in_required() -> Self {
        Self::code("sign_in_required")
    }

    /// The stable code, for status and screens.
    #[must_use]
    pub fn stable_code(&self) -> String {
        match self {
            Self::Refused(error) => error.code.clone(),
            Self::Sqlite(error) => sqlite_code(error).to_owned(),
            Self::Json(_) => "store_failed".to_owned(),
            Self::Io(error) => io_code(error).to_owned(),
            Self::Keyring(keyring::Error::NoStorageAccess(_)) => "keyring_locked".to_owned(),
            Self::Keyring(_) => "no_keyring".to_owned(),
            Self::Offline(_) => "offline".to_owned(),
            Self::Problem { status, .. } if *status >= 500 => "server_error".to_owned(),
            Self::Problem { code, .. } => code.clone(),
            Self::Undecodable(_) => "server_error".to_owned(),
        }
    }
}

fn io_code(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as K;
    match error.kind() {
        K::StorageFull | K::QuotaExceeded | K::FileTooLarge => "disk_full",
        K::ReadOnlyFilesystem => "disk_read_only",
        _ => "file_failed",
    }
}

/// SQLCipher's word for a page whose seal does not fit is a failure without words of its own; a mistake in a statement
/// always has some.
const SEAL_BROKEN: &str = "SQL logic error";

fn sqlite_code(error: &rusqlite::Error) -> &'static str {
    if let rusqlite::Error::SqliteFailure(code, words) = error
        && code.extended_code == 1
        && words.as_deref().is_none_or(|words| words == SEAL_BROKEN)
    {
        return "store_corrupt";
    }
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => "disk_full",
        Some(rusqlite::ErrorCode::ReadOnly) => "disk_read_only",
        // "Out of memory" is the pager's word where the cipher gave it no page; where memory is truly out nobody is told.
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::OutOfMemory) => {
            "store_corrupt"
        }
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            "store_busy"
        }
        Some(rusqlite::ErrorCode::NotADatabase) => "store_key_wrong",
        _ => "store_failed",
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::code(refusal.as_str())
    }
}

impl From<FieldError> for FieldFault {
    fn from(error: FieldError) -> Self {
        Self {
            field: error.field,
            code: error.code.to_owned(),
        }
    }
}

impl From<Error> for AppError {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(error) => error,
            Error::Problem { ref field, .. } => Self {
                code: error.stable_code(),
                field: field.clone(),
                errors: Vec::new(),
            },
            other => {
                tracing::warn!(error = %other, "the engine failed");
                Self {
                    code: other.stable_code(),
                    field: None,
                    errors: Vec::new(),
                }
            }
        }
    }
}
