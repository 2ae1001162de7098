//! The shapes of the customer's API as `/openapi.json` publishes them. They describe; what is sent is made in
//! [`crate::customer`], and a test holds the two together.

use serde::Serialize;
use utoipa::ToSchema;

/// `POST /sessions`.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"code": "0b3Xyz"}))]
pub struct LoginBody {
    /// WeChat's login code (`wx.login`), good for five minutes, once.
    pub code: String,
}

/// `POST /sessions/refresh`.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"refresh_token": "k3J0…"}))]
pub struct RefreshBody {
    /// The session's newest refresh token.
    pub refresh_token: String,
}

/// `PATCH /me`; what is left out stays.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"nickname": "小王", "avatar": "https://example.com/a.png"}))]
pub struct ProfileBody {
    /// At most 64 characters.
    pub nickname: Option<String>,
    /// At most 500 characters.
    pub avatar: Option<String>,
}

/// `POST /me/phone`.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"code": "e31968a7f94cc5ee25fafc2aef2773f0bb8c3937b22520eb8ee345274d00c144"}))]
pub struct PhoneBody {
    /// WeChat's phone code.
    pub code: String,
}

/// `POST /subscriptions`.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"template": "wx-booked", "accepted": true}))]
pub struct SubscriptionBody {
    /// WeChat's template id.
    pub template: String,
    /// Whether the customer said yes.
    pub accepted: bool,
}

/// Consents held.
#[derive(Serialize, ToSchema)]
pub struct SubscriptionShape {
    /// Template.
    pub template: String,
    /// Messages that may still be sent.
    pub credits: u32,
}

/// Goods: a quantity, or (by the kilogram) a weighing.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"category": "paper/cardboard", "quantity": "12.5", "attributes": {"moisture": "8"}, "note": "旧纸箱"}))]
pub struct ItemShape {
    /// `group/kind`.
    pub category: String,
    /// Kilograms (three decimals) or pieces, as text or number.
    pub quantity: Option<String>,
    /// Instead of a quantity.
    pub weighing: Option<WeighingShape>,
    /// Answers to the questions that the category asks.
    #[schema(value_type = Object)]
    pub attributes: Option<serde_json::Value>,
    /// At most 200 characters.
    pub note: Option<String>,
}

/// A weighing in kilograms.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"gross": "52.400", "tare": "1.200", "deductions": [{"kind": "moisture", "percent": "3"}]}))]
pub struct WeighingShape {
    /// Gross.
    pub gross: String,
    /// Tare.
    pub tare: Option<String>,
    /// Each with percent or weight.
    #[schema(value_type = Vec<Object>)]
    pub deductions: Option<Vec<serde_json::Value>>,
}

/// `POST /quotes`.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"city": "330100", "items": [{"category": "paper/cardboard", "quantity": "12.5", "attributes": {"moisture": "8"}, "note": "旧纸箱"}, {"category": "metal/iron", "weighing": {"gross": "52.400", "tare": "1.200", "deductions": [{"kind": "moisture", "percent": "3"}]}}]}))]
pub struct QuoteBody {
    /// Division code of the city.
    pub city: String,
    /// 1–50.
    pub items: Vec<ItemShape>,
}

/// A priced line.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"category": "paper/cardboard", "quantity": "12.5", "unit_price": "1.1", "applied": [], "amount": "13.75"}))]
pub struct LineShape {
    /// Category.
    pub category: String,
    /// Kilograms or pieces, without trailing zeros.
    pub quantity: String,
    /// Yuan a unit.
    pub unit_price: String,
    /// Indices of the factors that applied.
    pub applied: Vec<usize>,
    /// Yuan.
    pub amount: String,
}

/// The price book of a quote.
#[derive(Serialize, ToSchema)]
pub struct BookShape {
    /// City.
    pub city: String,
    /// Version.
    pub version: i64,
    /// SHA-256 of its canonical JSON.
    pub hash: String,
}

/// The working of a line in words.
#[derive(Serialize, ToSchema)]
pub struct TraceShape {
    /// Line.
    pub line: usize,
    /// One sentence a step.
    pub steps: Vec<String>,
}

/// A quote.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "019b7523-3400-7000-8000-000000000001", "kind": "estimate", "book": {"city": "330100", "version": 7, "hash": "6ee5"}, "items": [{"category": "paper/cardboard", "quantity": "12.5"}], "lines": [{"category": "paper/cardboard", "quantity": "12.5", "unit_price": "1.1", "applied": [], "amount": "13.75"}], "total": "13.75", "adjustments": [], "due": "13.75", "trace": [{"line": 0, "steps": ["数量 12.5 kg"]}], "created_at": "2026-11-23T02:00:00.000Z"}))]
pub struct QuoteShape {
    /// Identity.
    pub id: String,
    /// `estimate` or `final`.
    pub kind: String,
    /// The book used.
    pub book: BookShape,
    /// The goods.
    pub items: Vec<ItemShape>,
    /// The goods priced.
    pub lines: Vec<LineShape>,
    /// Σ lines.
    pub total: String,
    /// Signed amounts on top.
    #[schema(value_type = Vec<Object>)]
    pub adjustments: Vec<serde_json::Value>,
    /// What the customer gets.
    pub due: String,
    /// The working.
    pub trace: Vec<TraceShape>,
    /// When.
    pub created_at: String,
}

/// A slot.
#[derive(Serialize, ToSchema)]
pub struct SlotShape {
    /// Local date.
    pub date: String,
    /// Local begin.
    pub start: String,
    /// Local end.
    pub end: String,
}

/// Slots of a day.
#[derive(Serialize, ToSchema)]
pub struct SlotList {
    /// The depot.
    pub station_id: String,
    /// By begin.
    pub items: Vec<crate::slots::Offer>,
    /// Always null.
    pub next: Option<String>,
}

/// Where to go.
#[derive(Serialize, ToSchema)]
pub struct AddressShape {
    /// District code, GB/T 2260.
    pub division: String,
    /// 5–200 characters.
    pub detail: String,
    /// Degrees.
    pub lng: Option<String>,
    /// Degrees.
    pub lat: Option<String>,
}

/// Whom to ask for.
#[derive(Serialize, ToSchema)]
pub struct ContactShape {
    /// 1–50 characters.
    pub name: String,
    /// 11 digits.
    pub phone: String,
}

/// `POST /appointments`.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"city": "330100", "items": [{"category": "paper/cardboard", "quantity": "12.5", "attributes": {"moisture": "8"}, "note": "旧纸箱"}], "address": {"division": "330106", "detail": "文三路 90 号 3 幢 2 单元 501", "lng": "120.12", "lat": "30.27"}, "contact": {"name": "王女士", "phone": "13800002046"}, "appointment_time": "2026-11-24T10:00:00+08:00", "note": "有电梯", "photos": []}))]
pub struct BookingBody {
    /// Division code of the city.
    pub city: String,
    /// 1–50.
    pub items: Vec<ItemShape>,
    /// Where.
    pub address: AddressShape,
    /// Whom to ask for.
    pub contact: ContactShape,
    /// RFC 3339 with offset; at least 1 h and at most one month ahead, inside a slot with a free place.
    pub appointment_time: String,
    /// At most 500 characters.
    pub note: Option<String>,
    /// At most 9.
    pub photos: Option<Vec<String>>,
}

/// An appointment.
#[derive(Serialize, ToSchema)]
pub struct AppointmentShape {
    /// Identity.
    pub id: String,
    /// Its order.
    pub order_id: String,
    /// For `expect_version`.
    pub version: i64,
    /// 0 pending, 1 confirmed, 2 completed, 3 cancelled, 4 in service.
    #[schema(example = 0)]
    pub status: u8,
    /// The customer.
    pub user_id: String,
    /// The depot.
    pub station_id: String,
    /// The collector, once assigned.
    pub assignee: Option<String>,
    /// City.
    pub city: String,
    /// Goods as booked.
    pub items: Vec<ItemShape>,
    /// Where.
    pub address: AddressShape,
    /// Whom to ask for.
    pub contact: ContactShape,
    /// When.
    pub appointment_time: String,
    /// The slot that time lies in.
    pub slot: SlotShape,
    /// Given at booking.
    pub estimate: QuoteShape,
    /// The final quote, once weighed.
    #[schema(rename = "final")]
    pub r#final: Option<QuoteShape>,
    /// Due by the final quote, otherwise by the estimate.
    #[schema(example = "13.75")]
    pub amount: String,
    /// Recycling channel.
    pub channel: Option<String>,
    /// Note.
    pub note: String,
    /// Photos.
    pub photos: Vec<String>,
    /// How it was called off.
    #[schema(value_type = Option<Object>)]
    pub cancellation: Option<serde_json::Value>,
    /// Booked at.
    pub created_at: String,
    /// Last written at.
    pub updated_at: String,
}

/// A page of appointments.
#[derive(Serialize, ToSchema)]
pub struct AppointmentPage {
    /// Newest first.
    pub items: Vec<AppointmentShape>,
    /// For `?after=`; null at the end.
    pub next: Option<String>,
}

/// `POST /appointments/{id}/reschedule`.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"appointment_time": "2026-11-25T14:00:00+08:00", "expect_version": 1}))]
pub struct RescheduleBody {
    /// RFC 3339 with offset, as at booking.
    pub appointment_time: String,
    /// The version seen.
    pub expect_version: i64,
}

/// `POST /appointments/{id}/cancel`.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"reason": "customer_request", "text": "临时有事", "expect_version": 1}))]
pub struct CancelBody {
    /// `customer_request`, `refused_price`, `other`, or the customer's own words.
    pub reason: String,
    /// In words.
    pub text: Option<String>,
    /// The version seen.
    pub expect_version: i64,
}

/// `POST /appointments/{id}/accept`.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"quote_id": "019b7523-3400-7000-8000-000000000001"}))]
pub struct AcceptBody {
    /// The final quote's id.
    pub quote_id: String,
}

/// `POST /appointments/{id}/review`.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"stars": 5, "text": "师傅很准时"}))]
pub struct ReviewBody {
    /// 1–5.
    pub stars: u8,
    /// At most 500 characters.
    pub text: Option<String>,
}

/// Stars given.
#[derive(Serialize, ToSchema)]
pub struct ReviewShape {
    /// The appointment.
    pub appointment_id: String,
    /// 1–5.
    pub stars: u8,
    /// In words.
    pub text: String,
    /// When.
    pub created_at: String,
}

/// Money paid to the customer.
#[derive(Serialize, ToSchema)]
pub struct PaymentShape {
    /// Identity.
    pub payment_id: String,
    /// `cash`, `wechat_transfer` or `manual_transfer`.
    pub method: String,
    /// Yuan.
    pub amount: String,
    /// When.
    pub at: String,
    /// Who paid it out.
    pub by: String,
}

/// An order.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "019b7523-3400-7000-8000-000000000002", "appointment_id": "019b7523-3400-7000-8000-000000000003", "order_no": "HS-20261123-4F7K2Q9M", "version": 3, "status": 1, "lines": [{"category": "metal/iron", "quantity": "49.664", "unit_price": "1.1", "amount": "54.63"}], "total": "54.63", "adjustments": [{"kind": "round_down", "amount": "-0.63"}], "due": "54.00", "payments": [], "weighed_at": "2026-11-24T02:20:00.000Z", "accepted_at": null, "accepted_by": null, "reviews": [], "channel": null, "channel_order_id": null}))]
pub struct OrderShape {
    /// Identity.
    pub id: String,
    /// Null for a walk-in ticket.
    pub appointment_id: Option<String>,
    /// The number people read out.
    pub order_no: String,
    /// Raised by every write.
    pub version: i64,
    /// 0 unpaid, 1 paid, 2 completed, 3 cancelled.
    pub status: u8,
    /// Of the current final quote.
    #[schema(value_type = Vec<Object>)]
    pub lines: Vec<serde_json::Value>,
    /// Σ lines.
    pub total: String,
    /// Signed amounts on top.
    #[schema(value_type = Vec<Object>)]
    pub adjustments: Vec<serde_json::Value>,
    /// What the customer gets.
    pub due: String,
    /// Oldest first.
    pub payments: Vec<PaymentShape>,
    /// When it was weighed.
    pub weighed_at: Option<String>,
    /// When the customer said yes.
    pub accepted_at: Option<String>,
    /// `signature`, `tap` or `mini_program`.
    pub accepted_by: Option<String>,
    /// What an administrator looks at.
    #[schema(value_type = Vec<Object>)]
    pub reviews: Vec<serde_json::Value>,
    /// Recycling channel.
    pub channel: Option<String>,
    /// The channel's number.
    pub channel_order_id: Option<String>,
}

/// A page of orders.
#[derive(Serialize, ToSchema)]
pub struct OrderPage {
    /// Newest first.
    pub items: Vec<OrderShape>,
    /// For `?after=`; null at the end.
    pub next: Option<String>,
}

/// A message.
#[derive(Serialize, ToSchema)]
pub struct MessageShape {
    /// Identity.
    pub id: String,
    /// Stable code.
    #[schema(example = "final_quote")]
    pub code: String,
    /// In the caller's language.
    #[schema(example = "称重完成，最终报价 ¥54.00")]
    pub text: String,
    /// What it is about.
    pub appointment_id: Option<String>,
    /// When.
    pub created_at: String,
}

/// A page of messages.
#[derive(Serialize, ToSchema)]
pub struct MessagePage {
    /// Newest first.
    pub items: Vec<MessageShape>,
    /// For `?after=`; null at the end.
    pub next: Option<String>,
}

/// A kind of goods.
#[derive(Serialize, ToSchema)]
pub struct CategoryShape {
    /// `group/kind`.
    #[schema(example = "paper/cardboard")]
    pub category: String,
    /// Group.
    pub group: String,
    /// The group's name.
    pub group_name: String,
    /// Name.
    #[schema(example = "黄板纸")]
    pub name: String,
    /// `kg` or `piece`.
    pub unit: String,
    /// Yuan a unit before any factor.
    pub base_price: String,
    /// What to ask about the goods.
    #[schema(value_type = Vec<Object>)]
    pub attributes: Vec<serde_json::Value>,
}

/// What is taken.
#[derive(Serialize, ToSchema)]
pub struct CategoryList {
    /// City.
    pub city: String,
    /// In the book's order.
    pub items: Vec<CategoryShape>,
    /// Always null.
    pub next: Option<String>,
}

/// A price book.
#[derive(Serialize, ToSchema)]
pub struct PriceBookShape {
    /// Identity.
    pub id: String,
    /// City.
    pub city: String,
    /// Counts up from 1.
    pub version: u32,
    /// When it came into force.
    pub effective_from: String,
    /// As published.
    #[schema(value_type = Vec<Object>)]
    pub rules: Vec<serde_json::Value>,
    /// SHA-256 of its canonical JSON.
    pub hash: String,
    /// The goods for people.
    #[schema(value_type = Vec<Object>)]
    pub catalogue: Vec<serde_json::Value>,
}

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

/// Problems by group; the descriptions list the codes.
pub mod errors {
    use super::ProblemShape;
    use utoipa::IntoResponses;

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
            Away 503 "database_unavailable, timeout; with Retry-After";
        }
        /// Of a body or query.
        Invalid {
            Malformed 400 "malformed_json, malformed_query, idempotency_key_invalid";
            Fields 422 "validation_failed with errors[]: required, type, too_short, too_long, mobile, unknown_category, unknown_division, not_served, too_soon, too_late, outside_slots, empty, quantity_conflict, unit_mismatch, missing_quantity, invalid_quantity, invalid_weighing, attribute_type, amount_too_large; or idempotency_mismatch";
        }
        /// Of an access token.
        Token {
            Unauthorized 401 "missing_token, invalid_token, token_expired";
        }
        /// Of a path's id.
        Missing {
            NotFound 404 "not_found: no such thing, or not the caller's";
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
}
