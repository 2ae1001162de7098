//! What the core needs of a network.

use crate::{blobs::Reply, error::Result, store::blobs::Waiting};
use huishou_domain::{
    ids::DeviceId,
    sync::message::{PullAnswer, PullRequest, PushAnswer, PushRequest},
};
use serde::{Serialize, de::DeserializeOwned};
use std::future::Future;

/// In whose name something is brought.
#[derive(Debug, Clone, Copy)]
pub enum Voucher<'a> {
    /// The person's who has this access token.
    Token(&'a str),
    /// A leaving device's, whose sessions have ended: it signs what it brings.
    Leaver(DeviceId, &'a str),
}

/// The line to one server, by which everything goes that a device says to it: HTTP, or what stands for it where every
/// message may be lost, late or doubled.
pub trait Wire: Clone + Send + Sync {
    /// The server's address.
    fn base(&self) -> &str;
    /// Sends JSON and reads JSON.
    ///
    /// # Errors
    /// `Offline` without an answer, `Problem` for one that says no, `Undecodable` for one that says nothing known.
    fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&str>,
        body: &(impl Serialize + Sync),
    ) -> impl Future<Output = Result<T>> + Send;
    /// Sends a piece of a picture.
    ///
    /// # Errors
    /// As for [`Wire::post`].
    fn piece(
        &self,
        path: &str,
        by: Voucher<'_>,
        picture: &Waiting,
        start: usize,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<Reply>> + Send;
}

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
