//! Configuration: `config.default.toml` (which is the manual) ← a file ← `HUISHOU_…` environment.

mod guard;
mod replica;

pub use guard::{Guard, Pace};
pub use replica::Replica;

use crate::limits::proxies::Proxies;
use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::{net::SocketAddr, path::Path, time::Duration};

const DEFAULTS: &str = include_str!("../config.default.toml");
const DEV_TOKEN_KEY: &str = "huishou development token key: not a secret at all";
/// The sandbox's account, so that a developer's machine logs in without any setting.
const DEV_WECHAT: (&str, &str, &str) = ("http://127.0.0.1:8090", "wxdemo0000000001", "demo-secret");
const SHORTEST_KEY: usize = 32;

/// WeChat's mini-program account.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wechat {
    /// `https://api.weixin.qq.com`, or the sandbox.
    pub base_url: String,
    /// AppID.
    pub appid: String,
    /// AppSecret.
    pub secret: String,
    /// Seconds a call.
    pub timeout: u64,
}

/// All settings; `config.default.toml` explains each.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml is the manual")]
pub struct Config {
    pub listen: String,
    pub metrics_listen: String,
    pub database_url: String,
    pub database_max_connections: u32,
    pub database_idle_connections: u32,
    pub database_connection_lifetime: u64,
    pub database_acquire_timeout: u64,
    pub database_max_waiting: u32,
    pub booking_batch: usize,
    pub booking_writers: usize,
    pub redis_url: String,
    pub profile_cache_bytes: u64,
    pub price_book_cache_bytes: u64,
    pub body_cache_bytes: usize,
    pub token_key: String,
    pub token_key_previous: String,
    pub cursor_key: String,
    pub device_key: String,
    pub open_key: String,
    pub dev: bool,
    pub download_url: String,
    pub access_token_seconds: i64,
    pub body_limit: usize,
    pub request_timeout: u64,
    pub drain_timeout: u64,
    pub quote_rate: u32,
    pub quote_burst: u32,
    pub login_rate_per_minute: u32,
    pub open_daily_quota: u32,
    pub open_rate: u32,
    pub trusted_proxies: Vec<String>,
    pub clock_leeway: i64,
    pub log: String,
    pub replica: Replica,
    pub guard: Guard,
    pub wechat: Wechat,
}

/// A setting that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not readable, or a key nobody knows.
    #[error("configuration: {0}")]
    Unreadable(Box<figment::Error>),
    /// Values that are missing or wrong, one a line.
    #[error("configuration:\n{}", .0.join("\n"))]
    Wrong(Vec<String>),
}

impl Config {
    /// Reads defaults, the file (if any) and the environment, and checks them.
    ///
    /// # Errors
    /// Unreadable or wrong settings, all at once.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::of(file, std::env::vars())
    }

    /// As [`Config::load`], with the environment as an argument.
    ///
    /// # Errors
    /// Unreadable or wrong settings, all at once.
    pub fn of(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        if let Some(file) = file {
            figment = figment.merge(Toml::file_exact(file));
        }
        for (key, value) in environment {
            if key == "HUISHOU_TRUST_FORWARDED_FOR" {
                let gone = "- trust_forwarded_for (HUISHOU_TRUST_FORWARDED_FOR) is gone: name the proxies in trusted_proxies (HUISHOU_TRUSTED_PROXIES)";
                return Err(ConfigError::Wrong(vec![gone.to_owned()]));
            }
            if let Some(path) = setting(&key) {
                figment = figment.merge(Serialized::default(&path, scalar(&path, &value)));
            }
        }
        let mut config: Self = figment
            .extract()
            .map_err(|e| ConfigError::Unreadable(Box::new(e)))?;
        config.fill_in_for_development();
        let wrong = config.wrong();
        if wrong.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError::Wrong(wrong))
        }
    }

    fn fill_in_for_development(&mut self) {
        if self.dev {
            let fill = |value: &mut String, default: &str| {
                if value.is_empty() {
                    default.clone_into(value);
                }
            };
            fill(&mut self.token_key, DEV_TOKEN_KEY);
            fill(&mut self.wechat.appid, DEV_WECHAT.1);
            fill(&mut self.wechat.secret, DEV_WECHAT.2);
            if self.wechat.base_url == "https://api.weixin.qq.com"
                && self.wechat.appid == DEV_WECHAT.1
            {
                DEV_WECHAT.0.clone_into(&mut self.wechat.base_url);
            }
        }
    }

    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut check = |fine: bool, text: &str| {
            if !fine {
                wrong.push(format!("- {text}"));
            }
        };
        check(
            self.listen.parse::<SocketAddr>().is_ok(),
            "listen (HUISHOU_LISTEN) must be ADDRESS:PORT",
        );
        check(
            self.metrics_listen.is_empty() || self.metrics_listen.parse::<SocketAddr>().is_ok(),
            "metrics_listen (HUISHOU_METRICS_LISTEN) must be empty or ADDRESS:PORT",
        );
        check(
            self.database_url.starts_with("mysql://")
                || self.database_url.starts_with("mariadb://"),
            "database_url (HUISHOU_DATABASE_URL) must be mysql://user:password@host:port/database",
        );
        check(
            self.redis_url.is_empty() || self.redis_url.starts_with("redis://"),
            "redis_url (HUISHOU_REDIS_URL) must be empty or redis://[:password@]host:port/[number]",
        );
        check(
            self.token_key.len() >= SHORTEST_KEY,
            "token_key (HUISHOU_TOKEN_KEY) must have at least 32 bytes, or set dev = true on a developer's machine",
        );
        check(
            self.booking_batch.is_power_of_two() && self.booking_batch <= 256,
            "booking_batch (HUISHOU_BOOKING_BATCH) must be 1, 2, 4 … or 256",
        );
        check(
            (1..=16).contains(&self.booking_writers),
            "booking_writers (HUISHOU_BOOKING_WRITERS) must be 1 to 16",
        );
        let fits = |key: &str| key.is_empty() || key.len() >= SHORTEST_KEY;
        check(
            fits(&self.token_key_previous),
            "token_key_previous (HUISHOU_TOKEN_KEY_PREVIOUS) must have at least 32 bytes",
        );
        check(
            fits(&self.cursor_key),
            "cursor_key (HUISHOU_CURSOR_KEY) must have at least 32 bytes",
        );
        check(
            fits(&self.device_key),
            "device_key (HUISHOU_DEVICE_KEY) must have at least 32 bytes",
        );
        check(
            fits(&self.open_key),
            "open_key (HUISHOU_OPEN_KEY) must have at least 32 bytes",
        );
        check(
            self.open_daily_quota > 0 && self.open_rate > 0,
            "open_daily_quota and open_rate must be above 0",
        );
        let is_https = self.download_url.starts_with("https://") && self.download_url.len() > 8;
        check(
            self.download_url.is_empty() || is_https,
            "download_url (HUISHOU_DOWNLOAD_URL) must be empty or an https:// address",
        );
        check(
            self.database_max_connections > 0,
            "database_max_connections must be above 0",
        );
        check(
            self.database_connection_lifetime > 0 && self.database_acquire_timeout > 0,
            "database_connection_lifetime and database_acquire_timeout must be above 0",
        );
        check(
            self.access_token_seconds > 0,
            "access_token_seconds must be above 0",
        );
        check(
            self.quote_rate == 0 || self.quote_burst > 0,
            "quote_burst must be above 0",
        );
        check(
            (0..=600).contains(&self.clock_leeway),
            "clock_leeway (HUISHOU_CLOCK_LEEWAY) must be 0 to 600 seconds",
        );
        if let Err(text) = Proxies::parse(&self.trusted_proxies) {
            check(
                false,
                &format!("trusted_proxies (HUISHOU_TRUSTED_PROXIES): {text} is no network"),
            );
        }
        wrong.extend(self.guard.wrong());
        wrong.extend(self.replica.wrong());
        wrong
    }

    /// The secret behind the server's own keys, which devices pin.
    #[must_use]
    pub fn device_secret(&self) -> &str {
        if self.device_key.is_empty() {
            &self.token_key
        } else {
            &self.device_key
        }
    }

    /// The secret behind the secrets of the open API's keys.
    #[must_use]
    pub fn open_secret(&self) -> &str {
        if self.open_key.is_empty() {
            &self.token_key
        } else {
            &self.open_key
        }
    }

    /// The key that authenticates cursors.
    #[must_use]
    pub fn cursor_secret(&self) -> [u8; 32] {
        let secret = if self.cursor_key.is_empty() {
            &self.token_key
        } else {
            &self.cursor_key
        };
        let mut hash = Sha256::new();
        hash.update(b"huishou cursors\0");
        hash.update(secret.as_bytes());
        hash.finalize().into()
    }

    /// How to connect to the database.
    #[must_use]
    pub fn connect(&self) -> crate::store::db::Connect {
        crate::store::db::Connect {
            url: self.database_url.replacen("mariadb://", "mysql://", 1),
            max_connections: self.database_max_connections,
            idle: self.database_idle_connections,
            lifetime: Duration::from_secs(self.database_connection_lifetime),
            acquire_timeout: Duration::from_secs(self.database_acquire_timeout),
            max_waiting: self.database_max_waiting,
            replicas: self.replica.clone(),
        }
    }
}

/// Secrets stay out of debug output.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("dev", &self.dev)
            .finish_non_exhaustive()
    }
}

/// Variables of other programs of the product, or for tests; not settings.
const NOT_SETTINGS: &[&str] = &["CRASH_AT", "STOP_AT", "BIN_DIR", "STORE_KEY"];

/// Sections of the file; their names begin their variables' names.
const SECTIONS: &[&str] = &["wechat", "guard", "replica"];

/// The setting that a variable names: `HUISHOU_WECHAT_APPID` is `wechat.appid`. Only known keys are taken, so that a
/// variable of another part of the product does not stop the server.
fn setting(variable: &str) -> Option<String> {
    let name = variable.strip_prefix("HUISHOU_")?;
    if NOT_SETTINGS.contains(&name) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let in_section = |section: &str| {
        let key = name.strip_prefix(section)?.strip_prefix('_')?;
        Some(format!("{section}.{key}"))
    };
    let path = SECTIONS.iter().find_map(|section| in_section(section));
    let path = path.unwrap_or(name);
    known(&path).then_some(path)
}

fn known(path: &str) -> bool {
    Figment::from(Toml::string(DEFAULTS))
        .find_value(path)
        .is_ok()
}

/// The variable's text as the kind of value that the default has.
fn scalar(path: &str, text: &str) -> figment::value::Value {
    use figment::value::Value;
    let default = Figment::from(Toml::string(DEFAULTS)).find_value(path).ok();
    match default {
        Some(Value::Bool(..)) => match text {
            "1" | "true" | "yes" | "on" => Value::from(true),
            "0" | "false" | "no" | "off" | "" => Value::from(false),
            other => Value::from(other),
        },
        Some(Value::Num(..)) => text
            .parse::<i64>()
            .map_or_else(|_| Value::from(text), Value::from),
        // A list is its entries with commas between.
        Some(Value::Array(..)) => Value::from(
            text.split(',')
                .map(str::trim)
                .filter(|entry| !entry.is_empty())
                .collect::<Vec<_>>(),
        ),
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect::<Vec<_>>()
            .into_iter()
    }

    #[test]
    fn everything_wrong_is_said_at_once_and_names_the_variable() {
        let Err(ConfigError::Wrong(lines)) =
            Config::of(None, env(&[("HUISHOU_LISTEN", "nowhere")]))
        else {
            panic!("must be refused")
        };
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].contains("HUISHOU_LISTEN"));
    }

    #[test]
    fn the_environment_reaches_every_kind_of_setting() {
        let config = Config::of(
            None,
            env(&[
                ("HUISHOU_DATABASE_URL", "mysql://root@127.0.0.1:1/x"),
                ("HUISHOU_DEV", "1"),
                ("HUISHOU_BODY_LIMIT", "2048"),
                ("HUISHOU_WECHAT_APPID", "123"),
                ("HUISHOU_SOMETHING_ELSE", "of another program"),
            ]),
        )
        .unwrap();
        assert!(config.dev);
        assert_eq!(config.body_limit, 2048);
        assert_eq!(
            config.wechat.appid, "123",
            "text stays text even where it looks like a number"
        );
    }

    #[test]
    fn the_new_version_is_fetched_over_https_or_from_the_depot() {
        let of = |address: &str| {
            Config::of(
                None,
                env(&[
                    ("HUISHOU_DATABASE_URL", "mysql://root@127.0.0.1:1/x"),
                    ("HUISHOU_DEV", "1"),
                    ("HUISHOU_DOWNLOAD_URL", address),
                ]),
            )
        };
        let config = of("https://example.cn/huishou").unwrap();
        assert_eq!(config.download_url, "https://example.cn/huishou");
        assert!(of("").unwrap().download_url.is_empty());
        for wrong in ["http://example.cn", "https://", "ask the depot"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn without_dev_there_is_no_default_secret() {
        assert!(
            Config::of(
                None,
                env(&[("HUISHOU_DATABASE_URL", "mysql://root@127.0.0.1:1/x")])
            )
            .is_err()
        );
    }
}
