//! Which outside services are played, and which faults each of them knows.

use serde::Serialize;

/// One played service. A new one adds a variant, its rules in a module of its own, and its routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// The WeChat mini-program's server API.
    Wechat,
}

impl Service {
    /// All services this build plays.
    pub const ALL: &[Self] = &[Self::Wechat];

    /// Its name in `/__control` and `/__log`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wechat => "wechat",
        }
    }

    /// The service of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|service| service.name() == name)
    }

    /// The faults that mean something to this service.
    pub const fn faults(self) -> &'static [&'static str] {
        match self {
            Self::Wechat => &[
                "delay",
                "status",
                "reset",
                "lost_answer",
                "clock_skew",
                "token_revoked",
                "busy",
                "errcode",
                "high_risk_user",
                "none",
            ],
        }
    }

    /// The paths a fault can be narrowed to.
    pub const fn paths(self) -> &'static [&'static str] {
        match self {
            Self::Wechat => crate::wechat::PATHS,
        }
    }
}
