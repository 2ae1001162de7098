//! What callers send.

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
    #[schema(value_type = Option<Object>)]
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
    #[schema(value_type = Option<Vec<Object>>)]
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
