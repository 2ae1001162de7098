//! Who uses the app on which device, and its settings.

use huishou_domain::{
    ids::{DeviceId, StaffId, StationId},
    staff::Role,
};
use serde::{Deserialize, Serialize};

/// How the app is being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Mode {
    /// Nobody signed in; the device may or may not be registered.
    SignedOut,
    /// The embedded demo price book and a store of its own, never pushed.
    Practice,
    /// Signed in.
    SignedIn,
}

/// The member of staff in front of the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Person {
    /// Identity.
    pub id: StaffId,
    /// Sign-in name.
    pub username: String,
    /// Name shown.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Home station.
    pub station_id: Option<StationId>,
    /// Its name, for the title bar.
    pub station_name: Option<String>,
}

/// State of the session, read at start and after each sign-in or sign-out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SessionState {
    /// How the app is being used.
    pub mode: Mode,
    /// Signed-in person (in practice: an invented one).
    pub person: Option<Person>,
    /// This device, once registered.
    pub device_id: Option<DeviceId>,
    /// Its name, once registered.
    pub device_name: Option<String>,
    /// Server address, once known (`http://…`).
    pub server: Option<String>,
    /// City of the price book in use.
    pub city: Option<String>,
    /// The store is encrypted and its key lies in the OS keyring; false only where a passphrase stands in.
    pub keyring: bool,
    /// The server has not been met for 30 days: nothing new can be begun, a visit in progress can be finished, and
    /// contact unlocks.
    pub lease_over: bool,
    /// This device was shut out and wiped; told until it is registered anew.
    pub wiped: Option<Wiped>,
}

/// A wipe, as it is told afterwards.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Wiped {
    /// The device was said to be stolen: nothing was handed in.
    pub stolen: bool,
    /// Since when the device is shut out, RFC 3339 UTC.
    pub at: Option<String>,
    /// Commands that waited and were handed in for review.
    pub handed_in: u32,
    /// Commands that waited and went with the store.
    pub lost: u32,
    /// Pictures that were not up and went with the store.
    pub pictures: u32,
    /// Stores that had been set aside and went, too.
    pub aside: u32,
    /// The server, where the device was not said to be stolen.
    pub server: Option<String>,
}

/// What there is to open a store with whose key is not at hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct WaysBack {
    /// The server that holds what opens the store's sealed key; none where nothing was laid down for that.
    pub server: Option<String>,
    /// There is a store: this is no first start.
    pub store: bool,
    /// A passphrase guards the store's key.
    pub passphrase: bool,
    /// The system's keyring answers.
    pub keyring: bool,
    /// Stores that were set aside, the oldest first.
    pub aside: Vec<SetAside>,
}

/// A store that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SetAside {
    /// Names it.
    pub name: String,
    /// The folder its files lie in.
    pub place: String,
    /// When it was set aside, RFC 3339 UTC.
    pub at: String,
}

/// First sign-in on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Registration {
    /// Server address.
    pub server: String,
    /// From an administrator; used once.
    pub pairing_code: String,
    /// A name people recognise the device by.
    pub device_name: String,
    /// Sign-in name.
    pub username: String,
    /// Password.
    pub password: String,
}

/// Sign-in on a registered device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Credentials {
    /// Sign-in name.
    pub username: String,
    /// Password.
    pub password: String,
}

/// Preferences of this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Settings {
    /// `zh` or `en`.
    pub language: String,
    /// `system`, `light` or `dark`.
    pub theme: String,
    /// Weights shown in 斤 beside kilograms.
    pub show_jin: bool,
    /// Offline switch for training: no contact with the server while on.
    pub offline: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: "zh".into(),
            theme: "system".into(),
            show_jin: false,
            offline: false,
        }
    }
}

/// What went wrong, for people: a stable code that the UI has words for, the field, and details to fill in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AppError {
    /// Stable code (`bad_credentials`, `offline`, `invalid_quantity`, `already_completed`, …).
    pub code: String,
    /// The field at fault, as `items[0].quantity`.
    pub field: Option<String>,
    /// Further faults, one a field.
    #[serde(default)]
    pub errors: Vec<FieldFault>,
}

/// One field's fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FieldFault {
    /// Path.
    pub field: String,
    /// Stable code.
    pub code: String,
}
