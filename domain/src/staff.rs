//! Members of staff as the rules see them: who acts, in which role, for which station.

use crate::ids::{StaffId, StationId};
use serde::{Deserialize, Serialize};

/// What a member of staff may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Role {
    /// 回收员: visits customers.
    Collector,
    /// 站点员工: works the counter of one station.
    Station,
    /// 调度: assigns visits.
    Dispatcher,
    /// 管理员.
    Admin,
}

impl Role {
    /// The wire and database form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Collector => "collector",
            Self::Station => "station",
            Self::Dispatcher => "dispatcher",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Collector,
            Self::Station,
            Self::Dispatcher,
            Self::Admin,
        ]
        .into_iter()
        .find(|role| role.as_str() == text)
    }

    /// Dispatchers and administrators see and plan every station.
    #[must_use]
    pub const fn plans_everywhere(self) -> bool {
        matches!(self, Self::Dispatcher | Self::Admin)
    }
}

/// The person who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Who.
    pub id: StaffId,
    /// As what.
    pub role: Role,
    /// At which station; dispatchers and administrators may have none.
    pub station: Option<StationId>,
}

/// A member of staff as devices of the station hold it (kind `staff`), to show and assign. No secrets, no phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Staff {
    /// Identity.
    pub id: StaffId,
    /// Raised by every write.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub version: i64,
    /// Sign-in name.
    pub username: String,
    /// Name shown to people (张师傅).
    pub name: String,
    /// Role.
    pub role: Role,
    /// Home station.
    pub station_id: Option<StationId>,
    /// False once they left.
    pub active: bool,
}

/// A depot as devices hold it (kind `station`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Station {
    /// Identity.
    pub id: StationId,
    /// Raised by every write.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub version: i64,
    /// Short stable code (`xihu`).
    pub code: String,
    /// Name shown (城西站).
    pub name: String,
    /// City division code, which names its price book.
    pub city: String,
    /// Street address.
    pub address: String,
    /// Division-code prefixes whose pick-ups it serves; the longest match wins.
    pub divisions: Vec<String>,
}
