//! A device's way to the servers: the line that the engine is given.

use super::{Message, Network};
use crate::{executor::Node, ledger::pictures::Piece};
use huishou_client::{
    blobs::Reply,
    error::{Error, Result},
    store::blobs::Waiting,
    sync::transport::{Voucher, Wire},
};
use huishou_domain::ids::DeviceId;
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// A device's way to the servers.
#[derive(Clone)]
pub struct Line {
    /// The network.
    pub network: Network,
    /// Who speaks.
    pub device: DeviceId,
    /// On which node.
    pub node: Node,
}

impl Line {
    fn text(&self, path: &str, body: &impl Serialize) -> Result<String> {
        let text = serde_json::to_string(body)?;
        // Small pages, so that snapshots and logs take several.
        if path == "/sync/v1/pull" && self.network.chance.permille(500) {
            let mut body: serde_json::Value = serde_json::from_str(&text)?;
            body["limit"] = (1 + self.network.chance.index(6)).into();
            return Ok(body.to_string());
        }
        Ok(text)
    }
}

impl Wire for Line {
    fn base(&self) -> &'static str {
        "http://simulated"
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&str>,
        body: &(impl Serialize + Sync),
    ) -> Result<T> {
        let message = Message::Post {
            path: path.to_owned(),
            token: token.map(str::to_owned),
            text: self.text(path, body)?,
        };
        let text = self.network.ask(self.device, self.node, message).await?;
        serde_json::from_str(&text).map_err(|e| Error::Undecodable(e.to_string()))
    }

    async fn piece(
        &self,
        _: &str,
        by: Voucher<'_>,
        picture: &Waiting,
        start: usize,
        bytes: Vec<u8>,
    ) -> Result<Reply> {
        let piece = Arc::new(Piece {
            name: picture.name.clone(),
            total: picture.size,
            start,
            bytes,
        });
        let message = match by {
            Voucher::Token(token) => Message::Piece(token.to_owned(), piece),
            Voucher::Leaver(_, signed) => Message::Parting(signed.to_owned(), piece),
        };
        let answer = self.network.ask(self.device, self.node, message).await?;
        Ok(answer
            .strip_prefix("upto ")
            .and_then(|upto| upto.parse().ok())
            .map_or(Reply::Whole, Reply::Upto))
    }
}
