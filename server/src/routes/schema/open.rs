//! Shapes of the app keys.

use serde::Serialize;
use utoipa::ToSchema;

/// A key to be made.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"name": "城市便民小程序", "daily_quota": 100_000, "rate": 20}))]
pub struct AppKeyBody {
    /// The partner's name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Calls a day (China's); the server's default where it is left out.
    #[schema(minimum = 1, maximum = 100_000_000)]
    pub daily_quota: Option<u32>,
    /// Calls a second, twice as many at once; the server's default where it is left out.
    #[schema(minimum = 1, maximum = 10_000)]
    pub rate: Option<u32>,
}

/// An app key.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "019b7523-3400-7000-8000-00000000000e", "app_key": "hs0f9d2c3b4a5968778695a4b3c2d1e0f1", "name": "城市便民小程序", "generation": 1, "previous_until": null, "daily_quota": 100_000, "rate": 20, "created_at": "2026-11-23T02:00:00.000Z", "rotated_at": null, "revoked_at": null}))]
pub struct AppKeyShape {
    /// Identity.
    pub id: String,
    /// What calls name in `App-Key`.
    pub app_key: String,
    /// The partner's name.
    pub name: String,
    /// Raised by each rotation.
    pub generation: u32,
    /// Until then the secret of the generation before is good too.
    pub previous_until: Option<String>,
    /// Calls a day.
    pub daily_quota: u32,
    /// Calls a second.
    pub rate: u32,
    /// When it was made.
    pub created_at: String,
    /// When its secret was last changed.
    pub rotated_at: Option<String>,
    /// When it ended.
    pub revoked_at: Option<String>,
}

/// An app key with its secret, shown this once.
#[derive(Serialize, ToSchema)]
pub struct NewAppKeyShape {
    /// Identity.
    pub id: String,
    /// What calls name in `App-Key`.
    #[schema(example = "hs0f9d2c3b4a5968778695a4b3c2d1e0f1")]
    pub app_key: String,
    /// 64 hexadecimal digits, to be used as text.
    #[schema(example = "5f0c9d0b7a3e4d21b6c8e1f2a4957d3360817b2c4e5f6a7d8091a2b3c4d5e6f7")]
    pub secret: String,
    /// The partner's name.
    pub name: String,
    /// Raised by each rotation.
    pub generation: u32,
    /// Until then the secret of the generation before is good too.
    pub previous_until: Option<String>,
    /// Calls a day.
    pub daily_quota: u32,
    /// Calls a second.
    pub rate: u32,
    /// When it was made.
    pub created_at: String,
    /// When its secret was last changed.
    pub rotated_at: Option<String>,
    /// When it ended.
    pub revoked_at: Option<String>,
}

/// All app keys.
#[derive(Serialize, ToSchema)]
pub struct AppKeyList {
    /// Newest first.
    pub items: Vec<AppKeyShape>,
    /// Always null.
    pub next: Option<String>,
}
