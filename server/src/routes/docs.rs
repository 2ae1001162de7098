//! `/docs`: a page to read the interface, made in the browser from `/openapi.json`; `/docs/open`: how partners call the
//! open API, from docs/open-api.md. Nothing comes from elsewhere, and nothing runs that is not a file of ours.

use axum::{
    Router,
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse},
    routing::get,
};
use pulldown_cmark::{Options, Parser, html};
use std::sync::LazyLock;

/// What the pages may load: our own files.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The routes.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/docs", get(page))
        .route("/docs/open", get(open_page))
        .route("/docs/page.css", get(style))
        .route("/docs/page.js", get(script))
}

fn policed(body: impl IntoResponse) -> impl IntoResponse {
    let policy: (HeaderName, HeaderValue) = (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    ([policy], body)
}

async fn page() -> impl IntoResponse {
    policed(Html(include_str!("docs/page.html")))
}

async fn open_page() -> impl IntoResponse {
    static PAGE: LazyLock<String> = LazyLock::new(|| {
        let mut body = String::new();
        let text = include_str!("../../../docs/open-api.md");
        html::push_html(&mut body, Parser::new_ext(text, Options::ENABLE_TABLES));
        include_str!("docs/open.html").replace("<!-- body -->", &body)
    });
    policed(Html(PAGE.as_str()))
}

async fn style() -> impl IntoResponse {
    let kind = HeaderValue::from_static("text/css; charset=utf-8");
    (
        [(header::CONTENT_TYPE, kind)],
        include_str!("docs/page.css"),
    )
}

async fn script() -> impl IntoResponse {
    let kind = HeaderValue::from_static("text/javascript; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], include_str!("docs/page.js"))
}
