//! Somebody who looks at MySQL all the time and notes each new state of each appointment and order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use blackbox::{Database, Ledger};
use sqlx::AssertSqlSafe;
use sqlx::mysql::{MySqlPool, MySqlPoolOptions};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::books::dashed;
use super::history::State;

/// Successive states of each subject.
pub type States = BTreeMap<(&'static str, String), Vec<State>>;

/// The watcher.
pub struct Watch {
    on: Arc<AtomicBool>,
    task: JoinHandle<States>,
}

impl Watch {
    /// Begins.
    pub async fn begin(database: &Database) -> Self {
        let mut tables = vec![("appointment", "appointments".to_owned())];
        tables.extend(
            Ledger(database)
                .months()
                .await
                .into_iter()
                .map(|month| ("order", month)),
        );
        let pool = MySqlPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(2))
            .connect_lazy(&database.url())
            .expect("a well-formed address");
        let on = Arc::new(AtomicBool::new(true));
        let going = Arc::clone(&on);
        let task = tokio::spawn(async move {
            let mut states = States::new();
            while going.load(Ordering::SeqCst) {
                look(&pool, &tables, &mut states).await;
                sleep(Duration::from_millis(200)).await;
            }
            look(&pool, &tables, &mut states).await;
            states
        });
        Self { on, task }
    }

    /// A last look, and what was seen.
    pub async fn end(self) -> States {
        self.on.store(false, Ordering::SeqCst);
        self.task.await.expect("the watcher only reads")
    }
}

/// A database that does not answer is looked at again later.
async fn look(pool: &MySqlPool, tables: &[(&'static str, String)], states: &mut States) {
    for (kind, table) in tables {
        let sql = format!(
            "SELECT CONCAT_WS('|', LOWER(HEX(id)), CAST(version AS CHAR), CAST(status AS CHAR)) FROM {table}"
        );
        let asked = sqlx::query_scalar::<_, String>(AssertSqlSafe(sql)).fetch_all(pool);
        let Ok(Ok(rows)) = timeout(Duration::from_secs(3), asked).await else {
            return;
        };
        for row in rows {
            let parts: Vec<&str> = row.split('|').collect();
            let number = |text: &str| text.parse::<i64>().expect("a number");
            let state = State {
                version: number(parts[1]),
                status: number(parts[2]),
            };
            let seen = states.entry((kind, dashed(parts[0]))).or_default();
            if seen.last() != Some(&state) {
                seen.push(state);
            }
        }
    }
}
