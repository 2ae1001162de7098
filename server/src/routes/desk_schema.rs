//! Bodies of `/staff/v1`, `/admin/v1` and `/sync/v1`, for the description of the interface only: they are read with
//! [`crate::form::Form`] or as the messages of `huishou_domain::sync`.

use serde::Serialize;
use utoipa::ToSchema;

/// Register a device.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"pairing_code": "7K2Q9M4F", "name": "张师傅的平板", "platform": "windows 11", "public_key": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}))]
pub struct DeviceBody {
    /// Eight characters, as typed.
    #[schema(example = "7K2Q9M4F")]
    pub pairing_code: String,
    /// What people call it.
    #[schema(example = "张师傅的平板")]
    pub name: String,
    /// Operating system.
    #[schema(example = "windows 11")]
    pub platform: String,
    /// Ed25519 public key, 32 bytes in base64.
    #[schema(example = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")]
    pub public_key: String,
}

/// The registered device.
#[derive(Serialize, ToSchema)]
pub struct DeviceMade {
    /// The device.
    pub device: DeviceShape,
    /// The server's signing key, to be pinned: only what it signed may wipe the device. Ed25519, base64.
    pub server_key: String,
    /// The key that the store's key is to be sealed for. X25519, base64.
    pub recovery_key: String,
}

/// A device.
#[derive(Serialize, ToSchema)]
pub struct DeviceShape {
    /// UUID.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The depot it belongs to.
    pub station_id: Option<String>,
}

/// Sign in.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"username": "zhang", "password": "correct horse", "device": "019b7523-3400-7000-8000-00000000000a", "signature": "bm8gc2lnbmF0dXJl", "client_time": "2026-11-23T02:00:00.000Z"}))]
pub struct SessionBody {
    /// User name.
    #[schema(example = "zhang")]
    pub username: String,
    /// Password.
    pub password: String,
    /// UUID of the device.
    pub device: String,
    /// Base64.
    pub signature: String,
    /// The text that was signed.
    #[schema(example = "2026-11-23T02:00:00.000Z")]
    pub client_time: String,
}

/// Refresh.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"refresh_token": "4ZTbf6SgmIY5WG0jDtI8rOTfvi4hdgJxa9nOL7CQ", "device": "019b7523-3400-7000-8000-00000000000a", "signature": "bm8gc2lnbmF0dXJl"}))]
pub struct RefreshStaffBody {
    /// The token at hand.
    pub refresh_token: String,
    /// UUID of the device.
    pub device: String,
    /// Base64.
    pub signature: String,
}

/// A new password.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"old": "correct horse", "new": "battery staple"}))]
pub struct PasswordBody {
    /// The one in use.
    pub old: String,
    /// The new one, at least 8 characters.
    pub new: String,
}

/// A pairing code.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"station_id": "019b7523-3400-7000-8000-00000000000b"}))]
pub struct PairingCodeBody {
    /// The depot the device will belong to.
    pub station_id: Option<String>,
}

/// A new member of staff.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"username": "wang", "name": "王师傅", "role": "collector", "station_id": "019b7523-3400-7000-8000-00000000000b", "password": "correct horse"}))]
pub struct StaffBody {
    /// Sign-in name: 2 to 32 of a–z, 0–9, dot, hyphen, underscore.
    #[schema(example = "wang")]
    pub username: String,
    /// Name shown.
    #[schema(example = "王师傅")]
    pub name: String,
    /// `collector`, `station`, `dispatcher` or `admin`.
    #[schema(example = "collector")]
    pub role: String,
    /// Home station; required of collectors and station staff.
    pub station_id: Option<String>,
    /// First password, at least 8 characters.
    pub password: String,
}

/// A change of a member of staff; what is left out stays.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"active": false}))]
pub struct StaffChangeBody {
    /// False: they have left, and are shut out.
    pub active: Option<bool>,
    /// Name shown.
    #[schema(example = "王师傅")]
    pub name: Option<String>,
    /// `collector`, `station`, `dispatcher` or `admin`.
    #[schema(example = "collector")]
    pub role: Option<String>,
    /// Home station; null for none.
    pub station_id: Option<String>,
    /// A new password, at least 8 characters; all their sessions end.
    pub password: Option<String>,
}

/// A new station.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"code": "binjiang", "name": "滨江站", "city": "330100", "address": "江南大道 100 号", "divisions": ["330108"]}))]
pub struct StationBody {
    /// Short stable code: a–z, 0–9, hyphen.
    #[schema(example = "binjiang")]
    pub code: String,
    /// Name shown.
    #[schema(example = "滨江站")]
    pub name: String,
    /// City division code, which names its price book.
    #[schema(example = "330100")]
    pub city: String,
    /// Street address.
    pub address: Option<String>,
    /// Division-code prefixes whose pick-ups it serves.
    #[schema(example = json!(["330108"]))]
    pub divisions: Vec<String>,
    /// What each of its days offers; 08:00–20:00 in slots of two hours with 8 places where it is left out.
    pub slots: Option<Vec<SlotBody>>,
}

/// Slots of a day to be set.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"items": [{"start": "10:00", "end": "12:00", "capacity": 8}]}))]
pub struct SlotsBody {
    /// Those to be set.
    pub items: Vec<SlotBody>,
}

/// A slot of a day to be set.
#[derive(Serialize, ToSchema)]
pub struct SlotBody {
    /// Local begin.
    #[schema(example = "10:00")]
    pub start: String,
    /// Local end, at most `24:00`.
    #[schema(example = "12:00")]
    pub end: String,
    /// Places; 0 closes the slot.
    #[schema(example = 8)]
    pub capacity: u32,
}

/// A price book to be published.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"city": "330100", "effective_from": "2026-12-01T00:00:00+08:00", "rules": [{"category": "metal/iron", "name": "废铁", "unit": "kg", "base_price": "1.80", "factors": []}]}))]
pub struct BookBody {
    /// City division code.
    #[schema(example = "330100")]
    pub city: String,
    /// RFC 3339.
    #[schema(example = "2026-12-01T00:00:00+08:00")]
    pub effective_from: String,
    /// The rules, numbers as strings.
    pub rules: Vec<serde_json::Value>,
}

/// A word on what a disputed record was.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"resolution": "已与客户核对，按实付入账"}))]
pub struct ResolutionBody {
    /// In words.
    pub resolution: String,
}

/// A push.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"schema": 1, "incarnation": 1, "confirmed": 0, "mutations": [{"id": 1, "uid": "019b7523-3400-7000-8000-00000000000c", "name": "appointment.start@1", "actor": "019b7523-3400-7000-8000-00000000000d", "args": {"appointment_id": "019b7523-3400-7000-8000-000000000003"}, "client_time": "2026-11-24T02:05:00.000Z"}]}))]
pub struct PushBody {
    /// 1.
    #[schema(example = 1)]
    pub schema: u32,
    /// Which life of the device's store.
    #[schema(example = 1)]
    pub incarnation: u32,
    /// Highest verdict stored durably.
    #[schema(example = 0)]
    pub confirmed: i64,
    /// `{id, uid, name, actor, args, expect_version?, client_time, after?}` each.
    pub mutations: Vec<serde_json::Value>,
}

/// A pull.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"cursor": null, "schema": 1, "confirmed": 0, "check": true}))]
pub struct PullBody {
    /// As the last answer gave it.
    pub cursor: Option<String>,
    /// 1.
    #[schema(example = 1)]
    pub schema: u32,
    /// Most aggregates in the page.
    pub limit: Option<usize>,
    /// Highest verdict stored durably; 0 where it is left out.
    #[schema(example = 0, required = false)]
    pub confirmed: i64,
    /// Ask for `checks`.
    pub check: Option<bool>,
}
