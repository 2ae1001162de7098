//! A device's way to the servers: the transport that the engine is given.

use super::{Message, Network};
use crate::{executor::Node, ledger::pictures::Piece};
use huishou_client::{
    blobs::{Bearer, Reply},
    error::{Error, Result},
    store::blobs::Waiting,
    sync::transport::Transport,
};
use huishou_domain::sync::message::{PullAnswer, PullRequest, PushAnswer, PushRequest};
use huishou_server::sync::pull::Caller;
use serde_json::json;
use std::sync::Arc;

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

impl Bearer for Line {
    async fn bring(&self, picture: &Waiting, start: usize, bytes: Vec<u8>) -> Result<Reply> {
        let piece = Piece {
            name: picture.name.clone(),
            total: picture.size,
            start,
            bytes,
        };
        let message = Message::Piece(Arc::new(piece));
        let answer = self.network.ask(self.caller, self.node, message).await?;
        let (what, at) = answer.split_once(' ').unwrap_or((&answer, "0"));
        let at: usize = at.parse().unwrap_or(0);
        match what {
            "whole" => Ok(Reply::Whole),
            "upto" => Ok(Reply::Upto(at)),
            _ => Err(Error::Problem {
                status: 409,
                code: "offset_mismatch".to_owned(),
                field: None,
                body: Box::new(json!({ "expected": at })),
            }),
        }
    }
}
