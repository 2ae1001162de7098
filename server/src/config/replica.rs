//! Section `[replica]`: copies of the database that answer reads.

use serde::Deserialize;

/// Replicas; `config.default.toml` explains each.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml is the manual")]
pub struct Replica {
    pub urls: Vec<String>,
    pub max_lag: u64,
    pub failures: u32,
    pub check_millis: u64,
    pub wait_millis: u64,
}

impl Replica {
    /// What is wrong, one text each.
    #[must_use]
    pub fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let known = |url: &String| url.starts_with("mysql://") || url.starts_with("mariadb://");
        if !self.urls.iter().all(known) {
            wrong.push(
                "- replica.urls (HUISHOU_REPLICA_URLS) must be mysql://user:password@host:port/database, with commas between"
                    .to_owned(),
            );
        }
        if self.max_lag == 0 || self.failures == 0 || self.check_millis == 0 {
            wrong.push(
                "- replica.max_lag, replica.failures and replica.check_millis must be above 0"
                    .to_owned(),
            );
        }
        wrong
    }
}
