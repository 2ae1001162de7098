//! Problems, and groups of them; the descriptions list the codes.

use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// A bad field.
#[derive(Serialize, ToSchema)]
pub struct BadFieldShape {
    /// Path.
    #[schema(example = "contact.phone")]
    pub field: String,
    /// Stable code.
    #[schema(example = "mobile")]
    pub code: String,
    /// In the caller's language.
    #[schema(example = "请输入 11 位手机号")]
    pub detail: String,
}

/// A problem (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"type": "about:blank", "title": "Unprocessable Entity", "status": 422, "code": "validation_failed", "detail": "有 1 处需要修改", "field": "contact.phone", "errors": [{"field": "contact.phone", "code": "mobile", "detail": "请输入 11 位手机号"}], "request_id": "019b7523-3400-7000-8000-000000000009"}))]
pub struct ProblemShape {
    /// `about:blank`.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: String,
    /// In the caller's language.
    pub detail: String,
    /// The one bad field.
    pub field: Option<String>,
    /// All bad fields.
    pub errors: Option<Vec<BadFieldShape>>,
    /// The subject as it now is, with 409.
    #[schema(value_type = Option<Object>)]
    pub current: Option<serde_json::Value>,
    /// As in `X-Request-Id`.
    pub request_id: String,
}

macro_rules! groups {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident $status:literal $text:literal;)+ })+) => {$(
        $(#[$doc])*
        #[derive(IntoResponses)]
        #[allow(dead_code, missing_docs, reason = "read by the derive only")]
        pub enum $name {
            $(#[response(status = $status, description = $text, content_type = "application/problem+json")] $variant(ProblemShape),)+
        }
    )+};
}

groups! {
    /// Of every operation.
    Always {
        TooLarge 413 "body_too_large";
        Internal 500 "internal";
        Away 503 "overloaded, database_unavailable, database_busy, timeout; with Retry-After";
    }
    /// Of a body or query.
    Invalid {
        Malformed 400 "malformed_json, json_too_deep, malformed_query, idempotency_key_invalid";
        Fields 422 "validation_failed with errors[]: required, type, out_of_range, too_short, too_long, mobile, unknown_category, unknown_division, not_served, too_soon, too_late, outside_slots, empty, quantity_conflict, unit_mismatch, missing_quantity, invalid_quantity, invalid_weighing, attribute_type, amount_too_large, effective_from_too_early, own_account, overlaps; or idempotency_mismatch";
    }
    /// Of an access token.
    Token {
        Unauthorized 401 "missing_token, invalid_token, token_expired, session_ended";
    }
    /// Of a call that has to be signed.
    Signed {
        Unsigned 401 "signature_incomplete, timestamp_off (with server_time), signature_wrong, nonce_used, app_key_revoked";
        Often 429 "rate_limited, quota_exceeded; with Retry-After";
    }
    /// Of a rotation.
    Rotation {
        Malformed 400 "idempotency_key_invalid";
        Conflict 409 "app_key_revoked, idempotency_in_progress";
        Mismatch 422 "idempotency_mismatch";
    }
    /// Of a path's id.
    Missing {
        NotFound 404 "not_found: no such thing, or not the caller's";
    }
    /// Of visits that may be in the archive.
    Archived {
        Gone 410 "archived: everything of that month is in the archive";
    }
    /// Of a login.
    Login {
        Code 401 "invalid_code, code_used";
        Risk 403 "high_risk_user";
        Often 429 "rate_limited; with Retry-After";
    }
    /// Of a refresh.
    Refresh {
        Ended 401 "refresh_invalid, refresh_reused";
        Often 429 "rate_limited; with Retry-After";
    }
    /// Of a phone code.
    Code {
        Unauthorized 401 "invalid_code; missing_token, invalid_token, token_expired";
        Often 429 "rate_limited; with Retry-After";
    }
    /// Of calls without a login.
    Rate {
        Often 429 "rate_limited; with Retry-After";
    }
    /// Of a write that may be sent with a key.
    Once {
        InProgress 409 "idempotency_in_progress";
    }
    /// Of a booking.
    Full {
        Conflict 409 "slot_full, idempotency_in_progress";
    }
    /// Of a required key.
    Keyed {
        KeyRequired 428 "idempotency_key_required";
    }
    /// Of a change, with `current`.
    State {
        Conflict 409 "version_conflict, slot_full, in_service, already_completed, already_cancelled, not_weighed, unknown_quote, not_completed, already_reviewed, idempotency_in_progress";
    }
}
