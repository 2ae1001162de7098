//! A primary and a replica of it, real servers on loopback: the replica's threads stopped and started, the replica
//! killed and started again.

use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection};

use crate::db::{Database, Dedicated, Engine};

/// A primary and its replica.
#[derive(Debug)]
pub struct Replicated {
    engine: Engine,
    primary: Dedicated,
    replica: Dedicated,
}

impl Replicated {
    /// Starts both, empty; whatever is written at the one is applied by the other.
    pub async fn start(engine: Engine) -> Self {
        let primary =
            Dedicated::start_with(engine, &["server_id=1", "log_bin=bin", "binlog_format=ROW"]);
        let mut settings = vec!["server_id=2", "relay_log=relay", "slave_net_timeout=5"];
        if engine == Engine::Mysql56 {
            // So that the replica finds its place again after it was killed.
            settings.extend([
                "relay_log_info_repository=TABLE",
                "master_info_repository=TABLE",
                "relay_log_recovery=ON",
            ]);
        }
        let pair = Self {
            engine,
            primary,
            replica: Dedicated::start_with(engine, &settings),
        };
        let from = match engine {
            Engine::MariaDb => "MASTER_USE_GTID=slave_pos",
            Engine::Mysql56 => "MASTER_LOG_FILE='bin.000001', MASTER_LOG_POS=4",
        };
        let port = pair.primary.url().trim_end_matches('/').rsplit(':').next();
        pair.at_replica(&format!(
            "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={}, MASTER_USER='root', MASTER_CONNECT_RETRY=1, {from}",
            port.expect("a port")
        ))
        .await;
        pair.at_replica("START SLAVE").await;
        pair
    }

    /// A new empty database at the primary.
    pub async fn database(&self) -> Database {
        self.primary.database().await
    }

    /// The address of that database at the replica.
    #[must_use]
    pub fn at(&self, database: &Database) -> String {
        format!("{}{}", self.replica.url(), database.name())
    }

    /// From here on the replica applies nothing.
    pub async fn stop_applying(&self) {
        self.at_replica("STOP SLAVE SQL_THREAD").await;
    }

    /// The replica catches up.
    pub async fn go_on_applying(&self) {
        self.at_replica("START SLAVE SQL_THREAD").await;
    }

    /// Ends the replica at once.
    pub fn kill_replica(&self) {
        self.replica.kill();
    }

    /// Starts it again; it goes on where it was.
    pub fn restart_replica(&mut self) {
        self.replica.restart();
    }

    async fn at_replica(&self, sql: &str) {
        let mut connection = MySqlConnection::connect(self.replica.url())
            .await
            .unwrap_or_else(|error| panic!("the replica ({}): {error}", self.engine));
        connection
            .execute(AssertSqlSafe(sql))
            .await
            .unwrap_or_else(|error| panic!("{sql} ({}): {error}", self.engine));
    }
}
