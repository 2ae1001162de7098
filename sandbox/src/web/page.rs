//! `GET /`: a page that shows what the services received, for demonstrations. Its script and style are
//! files of their own, so the content security policy needs no exception.

use axum::{
    http::{HeaderName, header},
    response::IntoResponse,
};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn guarded(content_type: &'static str, content: &'static str) -> impl IntoResponse {
    let headers: [(HeaderName, &'static str); 4] = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, content)
}

/// The page.
pub async fn html() -> impl IntoResponse {
    guarded("text/html; charset=utf-8", include_str!("page.html"))
}

/// Its script.
pub async fn script() -> impl IntoResponse {
    guarded("text/javascript; charset=utf-8", include_str!("page.js"))
}

/// Its style.
pub async fn style() -> impl IntoResponse {
    guarded("text/css; charset=utf-8", include_str!("page.css"))
}
