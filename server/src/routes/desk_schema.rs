//! Bodies of `/staff/v1`, `/admin/v1` and `/sync/v1`, for the description of the interface only: they are read with
//! [`crate::form::Form`] or as the messages of `huishou_domain::sync`.

use serde::Serialize;
use utoipa::ToSchema;

/// Register a device.
#[derive(Serialize, ToSchema)]
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
pub struct PasswordBody {
    /// The one in use.
    pub old: String,
    /// The new one, at least 8 characters.
    pub new: String,
}

/// A pairing code.
#[derive(Serialize, ToSchema)]
pub struct PairingCodeBody {
    /// The depot the device will belong to.
    pub station_id: Option<String>,
}

/// A new member of staff.
#[derive(Serialize, ToSchema)]
pub struct StaffBody {
    /// Sign-in name.
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

/// A price book to be published.
#[derive(Serialize, ToSchema)]
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
pub struct ResolutionBody {
    /// In words.
    pub resolution: String,
}

/// A push.
#[derive(Serialize, ToSchema)]
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
pub struct PullBody {
    /// As the last answer gave it.
    pub cursor: Option<String>,
    /// 1.
    #[schema(example = 1)]
    pub schema: u32,
    /// Most aggregates in the page.
    pub limit: Option<usize>,
    /// Highest verdict stored durably.
    #[schema(example = 0)]
    pub confirmed: i64,
    /// Ask for `checks`.
    pub check: Option<bool>,
}
