//! The line to the server, as HTTP.

use super::{
    http::Http,
    transport::{Voucher, Wire},
};
use crate::{
    blobs::Reply,
    error::{Error, Result},
    store::blobs::Waiting,
};
use huishou_domain::sync::revocation::{PICTURE_DEVICE, PICTURE_SIGNATURE};
use reqwest::{Method, header};
use serde::{Serialize, de::DeserializeOwned};

impl Wire for Http {
    fn base(&self) -> &str {
        Self::base(self)
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&str>,
        body: &(impl Serialize + Sync),
    ) -> Result<T> {
        Self::post(self, path, token, body).await
    }

    async fn piece(
        &self,
        path: &str,
        by: Voucher<'_>,
        picture: &Waiting,
        start: usize,
        bytes: Vec<u8>,
    ) -> Result<Reply> {
        let upto = start + bytes.len();
        let range = format!("bytes {start}-{}/{}", upto.saturating_sub(1), picture.size);
        let request = self
            .request(Method::PUT, path)
            .header(header::CONTENT_RANGE, range)
            .body(bytes);
        let (request, token) = match by {
            Voucher::Token(token) => (request, Some(token)),
            Voucher::Leaver(device, signature) => {
                let request = request.header(PICTURE_DEVICE, device.to_string());
                (request.header(PICTURE_SIGNATURE, signature), None)
            }
        };
        match Self::send(request, token).await {
            Ok(_) => Ok(Reply::Whole),
            // "Resume Incomplete": stored, and more is to come.
            Err(Error::Problem { status: 308, .. }) => Ok(Reply::Upto(upto)),
            Err(error) => Err(error),
        }
    }
}
