//! What the core needs of a network.

use crate::error::Result;
use huishou_domain::sync::message::{PullAnswer, PullRequest, PushAnswer, PushRequest};
use std::future::Future;

/// Carries sync's messages to the server and back; renews tokens as needed.
pub trait Transport: Send + Sync {
    /// `POST /sync/v1/push`.
    ///
    /// # Errors
    /// `Offline`, `Problem`, `Undecodable`; `sign_in_required` when the session cannot be renewed.
    fn push(&self, request: &PushRequest) -> impl Future<Output = Result<PushAnswer>> + Send;
    /// `POST /sync/v1/pull`.
    ///
    /// # Errors
    /// As for [`Transport::push`].
    fn pull(&self, request: &PullRequest) -> impl Future<Output = Result<PullAnswer>> + Send;
}
