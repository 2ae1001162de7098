//! The engine while its store is being opened. The window does not wait for it: what the page asks meanwhile is
//! answered when the store is open, or with the reason why it cannot be opened.

use huishou_client::{engine::Engine, view::session::AppError};
use tokio::sync::watch;

/// An engine, soon.
#[derive(Clone)]
pub struct Opening(watch::Receiver<Option<Result<Engine, AppError>>>);

/// The other end, for the one who opens.
pub struct Opened(watch::Sender<Option<Result<Engine, AppError>>>);

/// Both ends.
#[must_use]
pub fn opening() -> (Opened, Opening) {
    let (sender, receiver) = watch::channel(None);
    (Opened(sender), Opening(receiver))
}

impl Opening {
    /// The engine, once its store is open.
    ///
    /// # Errors
    /// Why it cannot be opened (`no_keyring`, `disk_full`, `store_failed`, …), the same at each call.
    pub async fn engine(&self) -> Result<Engine, AppError> {
        let mut news = self.0.clone();
        let answer = news.wait_for(Option::is_some).await;
        answer
            .ok()
            .and_then(|answer| answer.clone())
            .unwrap_or_else(|| {
                Err(AppError {
                    code: "store_failed".into(),
                    field: None,
                    errors: vec![],
                })
            })
    }
}

impl Opened {
    /// Answers everyone who waits.
    pub fn tell(self, result: Result<Engine, AppError>) {
        self.0.send_replace(Some(result));
    }
}
