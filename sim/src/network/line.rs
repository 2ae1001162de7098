//! A device's way to the servers: the transport that the engine is given.

use super::{Message, Network};
use crate::executor::Node;
use huishou_client::{
    error::{Error, Result},
    sync::transport::Transport,
};
use huishou_domain::sync::message::{PullAnswer, PullRequest, PushAnswer, PushRequest};
use huishou_server::sync::pull::Caller;

/// A device's way to the servers.
#[derive(Clone)]
pub struct Line {
    /// The network.
    pub network: Network,
    /// Who speaks.
    pub caller: Caller,
    /// On which node.
    pub node: Node,
}

impl Line {
    async fn post<T: serde::de::DeserializeOwned>(&self, message: Message) -> Result<T> {
        let text = self.network.ask(self.caller, self.node, message).await?;
        serde_json::from_str(&text).map_err(|e| Error::Undecodable(e.to_string()))
    }
}

impl Transport for Line {
    async fn push(&self, request: &PushRequest) -> Result<PushAnswer> {
        let text = serde_json::to_string(request)?;
        self.post(Message::Push(text)).await
    }

    async fn pull(&self, request: &PullRequest) -> Result<PullAnswer> {
        let mut request = request.clone();
        // Small pages, so that snapshots and logs take several.
        if self.network.chance.permille(500) {
            request.limit = Some(1 + self.network.chance.index(6));
        }
        let text = serde_json::to_string(&request)?;
        self.post(Message::Pull(text)).await
    }
}
