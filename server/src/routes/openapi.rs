//! `/openapi.json`: every operation, its shapes, examples and error codes.

mod complete;
mod links;

use super::{
    admin, admin_depots, appointments, blobs, catalogue, events, leaving, me, open, open_keys,
    orders, quotes,
    schema::{BadFieldShape, ProblemShape},
    sessions, staff, sync, worklists,
};
use axum::{Json, response::IntoResponse};
use serde_json::Value;
use std::sync::LazyLock;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Huishou 回收",
        description = "Money: strings with two decimals, yuan. Weights: strings, kg. Times: RFC 3339, answered in UTC. Errors: application/problem+json with a stable code, detail by Accept-Language (zh, en).",
        license(name = "MIT OR Apache-2.0")
    ),
    paths(
        sessions::log_in, sessions::refresh, sessions::log_out,
        me::load, me::change, me::forget, me::phone, me::messages, me::subscribe,
        catalogue::categories, catalogue::price_book, catalogue::list_slots, quotes::estimate,
        appointments::create, appointments::list, appointments::load, appointments::reschedule, appointments::cancel, appointments::accept, appointments::review,
        orders::list, orders::load,
    ),
    components(schemas(ProblemShape, BadFieldShape)),
    modifiers(&Schemes),
    tags((name = "customer", description = "The WeChat mini-program"))
)]
struct Customer;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut Document) {
        let bearer = |what: &str| {
            SecurityScheme::Http(
                HttpBuilder::new()
                    .scheme(HttpAuthScheme::Bearer)
                    .bearer_format("JWT")
                    .description(Some(what))
                    .build(),
            )
        };
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("customer", bearer("Access token of a customer"));
        components.add_security_scheme(
            "staff",
            bearer("Access token of a member of staff on a device"),
        );
        let about = "A partner's App-Key; each call is signed with Timestamp, Nonce and Signature: /docs/open";
        let key = ApiKey::Header(ApiKeyValue::with_description("App-Key", about));
        components.add_security_scheme("app_key", SecurityScheme::ApiKey(key));
    }
}

/// The whole document.
#[must_use]
pub fn whole() -> Document {
    let mut document = Customer::openapi();
    for part in [
        staff::openapi(),
        leaving::openapi(),
        sync::openapi(),
        events::openapi(),
        blobs::openapi(),
        open::openapi(),
        open_keys::openapi(),
        admin::openapi(),
        admin_depots::openapi(),
        worklists::openapi(),
    ] {
        document.merge(part);
    }
    document
}

/// Serves it.
pub async fn document() -> impl IntoResponse {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
        let mut document = serde_json::to_value(whole()).unwrap_or_default();
        complete::complete(&mut document);
        document
    });
    Json(&*DOCUMENT)
}
