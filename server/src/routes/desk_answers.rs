//! Answers of `/staff/v1`, `/admin/v1` and `/sync/v1`, for the description of the interface only: what is sent are the
//! types of `huishou_domain` and of the store, whose wire forms have golden tests of their own.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A staff session.
#[derive(Serialize, ToSchema)]
pub struct StaffSessionShape {
    /// Bearer token of the other calls.
    pub access_token: String,
    /// For the next refresh; the one before it gives the same successor until that is used.
    pub refresh_token: String,
    /// Seconds that the access token is good for.
    #[schema(example = 900)]
    pub expires_in: i64,
    /// Who.
    pub staff: SignedInShape,
    /// Where.
    pub device: NamedShape,
    /// What the device holds while this person is signed in.
    #[schema(example = json!(["collector:0193a5b0-7c00-7000-8000-000000000001", "catalog:330100"]))]
    pub scopes: Vec<String>,
    /// The server's signing key, for devices that have not pinned one yet; Ed25519, base64.
    pub server_key: String,
    /// The key that the device's store key is sealed for; X25519, base64.
    pub recovery_key: String,
    /// RFC 3339, for the device to measure its clock by.
    #[schema(example = "2026-11-23T02:00:00.000Z")]
    pub server_time: String,
}

/// The person signed in.
#[derive(Serialize, ToSchema)]
pub struct SignedInShape {
    /// UUID.
    pub id: String,
    /// User name.
    #[schema(example = "zhang")]
    pub username: String,
    /// Name shown.
    #[schema(example = "张师傅")]
    pub name: String,
    /// `collector`, `station`, `dispatcher` or `admin`.
    #[schema(example = "collector")]
    pub role: String,
    /// Home station.
    pub station_id: Option<String>,
    /// Its name.
    #[schema(example = "城西站")]
    pub station_name: Option<String>,
}

/// The device in hand.
#[derive(Serialize, ToSchema)]
pub struct NamedShape {
    /// UUID.
    pub id: String,
    /// What people call it.
    #[schema(example = "张师傅的平板")]
    pub name: String,
}

/// A pairing code, shown this once.
#[derive(Serialize, ToSchema)]
pub struct PairingCodeShape {
    /// Eight characters.
    #[schema(example = "7K2Q9M4F")]
    pub code: String,
    /// Not after this.
    #[schema(example = "2026-11-24T02:00:00.000Z")]
    pub expires_at: String,
    /// The depot the device will belong to.
    pub station_id: Option<String>,
}

/// A member of staff.
#[derive(Serialize, ToSchema)]
pub struct StaffShape {
    /// UUID.
    pub id: String,
    /// Raised by every write.
    pub version: i64,
    /// User name.
    #[schema(example = "wang")]
    pub username: String,
    /// Name shown.
    #[schema(example = "王师傅")]
    pub name: String,
    /// `collector`, `station`, `dispatcher` or `admin`.
    #[schema(example = "collector")]
    pub role: String,
    /// Home station.
    pub station_id: Option<String>,
    /// False once they left.
    pub active: bool,
}

/// A station.
#[derive(Serialize, ToSchema)]
pub struct StationShape {
    /// UUID.
    pub id: String,
    /// Raised by every write.
    pub version: i64,
    /// Short stable code.
    #[schema(example = "binjiang")]
    pub code: String,
    /// Name shown.
    #[schema(example = "滨江站")]
    pub name: String,
    /// City division code.
    #[schema(example = "330100")]
    pub city: String,
    /// Street address.
    pub address: String,
    /// Division-code prefixes whose pick-ups it serves.
    pub divisions: Vec<String>,
}

/// A list.
#[derive(Serialize, ToSchema)]
pub struct ListShape {
    /// The entries.
    pub items: Vec<Value>,
    /// Opaque; for `?after=` of the next page. Null at the end.
    pub next: Option<String>,
}

/// A price book as published.
#[derive(Serialize, ToSchema)]
pub struct PublishedShape {
    /// UUID.
    pub id: String,
    /// City division code.
    #[schema(example = "330100")]
    pub city: String,
    /// Counts up from 1 within the city.
    #[schema(example = 2)]
    pub version: u32,
    /// The publisher's own text.
    #[schema(example = "2026-12-01T00:00:00+08:00")]
    pub effective_from: String,
    /// As published.
    pub rules: Vec<Value>,
    /// SHA-256 of the canonical JSON.
    pub hash: String,
}

/// The verdict on a mutation; stored, and the same for ever.
#[derive(Serialize, ToSchema)]
pub struct VerdictShape {
    /// The mutation's number.
    #[schema(example = 12)]
    pub id: i64,
    /// `applied`, `rejected` or `conflict`.
    #[schema(example = "applied")]
    pub outcome: String,
    /// The subject's version afterwards, when applied.
    #[schema(example = 5)]
    pub version: Option<i64>,
    /// The first review raised.
    pub review: Option<String>,
    /// All reviews raised, when more than one.
    pub reviews: Option<Vec<String>>,
    /// Why it was refused: `too_large`, `undecodable`, `actor_unknown`, `internal`, `dependency_refused`, or a rule's code.
    pub code: Option<String>,
    /// The argument at fault.
    pub field: Option<String>,
    /// The subject as it is, for showing only.
    pub current: Option<Value>,
}

/// Answer to a push.
#[derive(Serialize, ToSchema)]
pub struct PushShape {
    /// Highest mutation processed.
    #[schema(example = 12)]
    pub last_mutation: i64,
    /// In order, one each.
    pub verdicts: Vec<VerdictShape>,
    /// `{expected}`, when a number was skipped.
    pub gap: Option<Value>,
    /// RFC 3339.
    #[schema(example = "2026-11-23T02:00:00.000Z")]
    pub server_time: String,
}

/// Answer to a pull.
#[derive(Serialize, ToSchema)]
pub struct PullShape {
    /// `{kind, id, version, scopes, body}` each.
    pub puts: Vec<Value>,
    /// `{kind, id, reason: left|deleted}` each.
    pub drops: Vec<Value>,
    /// The device's highest processed mutation, of the same snapshot.
    #[schema(example = 12)]
    pub last_mutation: i64,
    /// Those above `confirmed`, of the same snapshot.
    pub verdicts: Vec<VerdictShape>,
    /// On complete pages now and then, and on demand.
    pub checks: Option<BTreeMap<String, CheckShape>>,
    /// What the device now holds; on complete pages.
    pub scopes: Option<Vec<String>>,
    /// For the next pull.
    pub cursor: String,
    /// The staged pages may be applied.
    pub complete: bool,
    /// Scopes whose rows come anew and replace the old ones.
    pub reset: Option<Vec<String>>,
    /// RFC 3339.
    #[schema(example = "2026-11-23T02:00:00.000Z")]
    pub server_time: String,
}

/// Count and hash of a scope.
#[derive(Serialize, ToSchema)]
pub struct CheckShape {
    /// Rows.
    #[schema(example = 17)]
    pub count: u64,
    /// Σ of row hashes, 16 hexadecimal digits.
    #[schema(example = "00c0ffee00c0ffee")]
    pub hash: String,
}

/// Answer to a check.
#[derive(Serialize, ToSchema)]
pub struct ChecksShape {
    /// By scope.
    pub checks: BTreeMap<String, CheckShape>,
    /// RFC 3339.
    #[schema(example = "2026-11-23T02:00:00.000Z")]
    pub server_time: String,
}
