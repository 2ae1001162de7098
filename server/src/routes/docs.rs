//! `/docs`: a page to read the interface, made in the browser from `/openapi.json`; nothing comes from elsewhere.

use axum::response::Html;

/// The page.
pub async fn page() -> Html<&'static str> {
    Html(include_str!("docs.html"))
}
