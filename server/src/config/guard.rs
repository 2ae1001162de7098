//! Section `[guard]`: what keeps the server able to answer — rates, sizes, times, turns, and what browsers are told.

use serde::Deserialize;
use std::time::Duration;

/// Guarding; `config.default.toml` explains each.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml is the manual")]
pub struct Guard {
    pub anonymous_rate: u32,
    pub anonymous_burst: u32,
    pub user_rate: u32,
    pub user_burst: u32,
    pub global_rate: u32,
    pub global_burst: u32,
    pub shared: bool,
    pub header_bytes: usize,
    pub header_count: usize,
    pub header_seconds: u64,
    pub idle_seconds: u64,
    pub slow_seconds: u64,
    pub slow_rate: u64,
    pub connections: usize,
    pub at_once: usize,
    pub queue: usize,
    pub queue_millis: u64,
    pub cors_origins: Vec<String>,
    pub hsts_seconds: u64,
}

impl Guard {
    /// What is wrong, one text each.
    #[must_use]
    pub fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let rates = [
            ("anonymous", self.anonymous_rate, self.anonymous_burst),
            ("user", self.user_rate, self.user_burst),
            ("global", self.global_rate, self.global_burst),
        ];
        for (name, rate, burst) in rates {
            if rate > 0 && burst == 0 {
                wrong.push(format!("- guard.{name}_burst must be above 0"));
            }
        }
        let above_zero = [
            ("header_seconds", self.header_seconds > 0),
            ("idle_seconds", self.idle_seconds > 0),
            ("slow_seconds", self.slow_seconds > 0),
            ("slow_rate", self.slow_rate > 0),
            ("connections", self.connections > 0),
            ("at_once", self.at_once > 0),
            ("header_count", (1..=100).contains(&self.header_count)),
            (
                "header_bytes",
                (1024..=262_144).contains(&self.header_bytes),
            ),
        ];
        for (name, _) in above_zero.iter().filter(|(_, fine)| !fine) {
            wrong.push(format!(
                "- guard.{name} (HUISHOU_GUARD_{}) is out of range",
                name.to_uppercase()
            ));
        }
        for origin in self.cors_origins.iter().filter(|text| !is_origin(text)) {
            wrong.push(format!(
                "- guard.cors_origins: {origin} is no origin (https://host[:port])"
            ));
        }
        wrong
    }

    /// How a connection may behave.
    #[must_use]
    pub const fn pace(&self) -> Pace {
        Pace {
            grace: Duration::from_secs(self.slow_seconds),
            rate: self.slow_rate,
        }
    }
}

/// How slowly bytes may come or be taken: after `grace` of waiting, `rate` bytes a second.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Waiting that is always allowed.
    pub grace: Duration,
    /// Bytes a second from then on.
    pub rate: u64,
}

impl Pace {
    /// The longest wait for so many bytes.
    #[must_use]
    pub fn allowed(&self, bytes: u64) -> Duration {
        let earned = bytes.saturating_mul(1000) / self.rate.max(1);
        self.grace.saturating_add(Duration::from_millis(earned))
    }
}

fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty()
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_and_host_and_nothing_else() {
        for good in [
            "https://admin.example.com",
            "http://localhost:5173",
            "http://[::1]:80",
        ] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "*",
            "null",
            "example.com",
            "https://",
            "https://a/b",
            "https://a b",
            "https://*",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }

    #[test]
    fn bytes_earn_time() {
        let pace = Pace {
            grace: Duration::from_secs(10),
            rate: 4096,
        };
        assert_eq!(pace.allowed(0), Duration::from_secs(10));
        assert_eq!(pace.allowed(8192), Duration::from_secs(12));
    }
}
