//! Answers as HTTP. A problem travels as an extension of its response and is worded once, at the way out
//! ([`super::entry`]), where language and request id are known.

use crate::{once::Reply, problem::Problem};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// JSON that has been written already.
#[derive(Debug)]
pub struct Written(pub String);

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        const JSON: HeaderValue = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, JSON)], self.0).into_response()
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if self.body.is_null() {
            return status.into_response();
        }
        (status, Json(self.body)).into_response()
    }
}
