//! Which system to walk through: what `scripts/run` says in the environment.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

/// The running system.
pub struct Settings {
    /// The server, `http://…`.
    pub server: String,
    /// Its database, `mysql://…`.
    pub database: String,
    /// The app's data folder.
    pub data: PathBuf,
    /// Where pictures go.
    pub pictures: PathBuf,
    /// The demo accounts' password.
    pub password: String,
    /// Pairing codes not yet used, as far as the demo data knows.
    pub pairing: Vec<String>,
}

impl Settings {
    /// Reads the environment and the demo accounts that `seed-demo` printed.
    pub fn read() -> Result<Self> {
        let demo = std::fs::read_to_string(variable("HUISHOU_DEMO")?)?;
        let last = demo.trim().lines().last().unwrap_or_default();
        let demo: Value =
            serde_json::from_str(last).context("the last line that seed-demo printed is JSON")?;
        let codes = demo["pairing_codes"].as_array().context("pairing codes")?;
        Ok(Self {
            server: variable("HUISHOU_SERVER_URL")?,
            database: variable("HUISHOU_DATABASE_URL")?,
            data: variable("HUISHOU_DATA_DIR")?.into(),
            pictures: variable("HUISHOU_SCREENSHOTS")?.into(),
            password: demo["password"].as_str().context("a password")?.to_owned(),
            pairing: codes
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        })
    }
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set; scripts/run sets it"))
}
