//! Databases of the API's benchmark: they outlive a run, because two million rows are not filled again for every look.

use anyhow::{Context, Result, ensure};
use sqlx::{
    AssertSqlSafe, Executor,
    mysql::{MySqlPool, MySqlPoolOptions},
};

/// A database on the benchmark's server.
#[derive(Debug, Clone)]
pub struct Base {
    server: String,
    name: String,
    pool: MySqlPool,
}

impl Base {
    /// The database of that name on the server at `server` (`mysql://root@127.0.0.1:PORT/`), made if it is not there.
    ///
    /// # Errors
    /// The database refused.
    pub async fn open(server: &str, name: &str) -> Result<Self> {
        let plain = MySqlPoolOptions::new().connect(server).await?;
        plain
            .execute(AssertSqlSafe(format!(
                "CREATE DATABASE IF NOT EXISTS `{name}`"
            )))
            .await?;
        plain.close().await;
        let pool = MySqlPoolOptions::new()
            .max_connections(4)
            .connect_lazy(&format!("{server}{name}"))?;
        Ok(Self {
            server: server.to_owned(),
            name: name.to_owned(),
            pool,
        })
    }

    /// `mysql://root@127.0.0.1:PORT/NAME`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}{}", self.server, self.name)
    }

    /// The server's port.
    ///
    /// # Errors
    /// The address names none.
    pub fn port(&self) -> Result<u16> {
        let (_, port) = self.server.rsplit_once(':').context("a port")?;
        Ok(port.trim_end_matches('/').parse()?)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs one statement, or several separated by semicolons.
    ///
    /// # Errors
    /// The database refused.
    pub async fn execute(&self, sql: &str) -> Result<u64> {
        let done = self.pool.execute(AssertSqlSafe(sql)).await;
        let done = done.with_context(|| sql.chars().take(400).collect::<String>())?;
        Ok(done.rows_affected())
    }

    /// The first column of each row as text.
    ///
    /// # Errors
    /// The database refused.
    pub async fn texts(&self, sql: &str) -> Result<Vec<String>> {
        sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&self.pool)
            .await
            .with_context(|| sql.to_owned())
    }

    /// The one text that a query answers.
    ///
    /// # Errors
    /// The database refused, or there is none.
    pub async fn text(&self, sql: &str) -> Result<String> {
        self.texts(sql).await?.pop().with_context(|| sql.to_owned())
    }

    /// Ends its connections, so that none of them weighs on what is measured.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Asks the server itself how durable it is; a benchmark of writes on anything less says nothing.
///
/// # Errors
/// A COMMIT could be lost in a power cut.
pub async fn is_durable(base: &Base) -> Result<String> {
    let said = base
        .text(
            "SELECT CONCAT('innodb_flush_log_at_trx_commit=', @@innodb_flush_log_at_trx_commit, ' innodb_flush_method=', @@innodb_flush_method, \
             ' innodb_doublewrite=', @@innodb_doublewrite, ' version=', @@version)",
        )
        .await?;
    ensure!(
        said.starts_with("innodb_flush_log_at_trx_commit=1 ") && !said.contains("nosync"),
        "the database is not durable: {said}"
    );
    Ok(said)
}

/// The server's own process id.
///
/// # Errors
/// It left no file with it.
pub async fn process(base: &Base) -> Result<u32> {
    let path = base.text("SELECT @@pid_file").await?;
    Ok(std::fs::read_to_string(path)?.trim().parse()?)
}

/// Whether the database has a table.
///
/// # Errors
/// The database refused.
pub async fn has_table(base: &Base, table: &str) -> Result<bool> {
    let sql = format!(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '{table}'"
    );
    Ok(!base.texts(&sql).await?.is_empty())
}
