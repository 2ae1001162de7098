//! No query of sync reads a whole table: proved by EXPLAIN on tables with rows in them.

use super::support::Ground;
use blackbox::{Database, on_each_database};
use huishou_server::store::kept_verdicts;
use serde_json::json;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

/// Access types and remarks of a plan, table by table.
pub async fn plan(db: &Database, sql: &str) -> Vec<(String, String, String)> {
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN {sql}")))
        .fetch_all(db.pool())
        .await
        .unwrap();
    let text = |row: &sqlx::mysql::MySqlRow, column: &str| {
        row.try_get::<Option<String>, _>(column)
            .unwrap_or_default()
            .unwrap_or_default()
    };
    rows.iter()
        .map(|row| (text(row, "type"), text(row, "key"), text(row, "Extra")))
        .collect()
}

on_each_database! {
    async fn sync_reads_by_index_and_never_sorts_files(db) {
        let ground = Ground::on(db).await;
        for _ in 0..60 { ground.booking(Some(ground.zhang)).await; }
        ground.sequence().await;
        for _ in 0..20 { ground.booking(Some(ground.li)).await; }
        let mut phone = ground.device(ground.li).await;
        for _ in 0..5 { phone.push("appointment.start", &json!({"appointment_id": Uuid::now_v7()})).await; }
        let month = db.texts("SELECT CAST(MIN(month) AS CHAR) FROM order_months").await.remove(0);
        db.execute(&format!("ANALYZE TABLE sync_log, sync_outbox, sync_batch, appointments, orders_{month}, disputed_records, mutations")).await;
        let (scope, staff) = (format!("'collector:{}'", ground.zhang), format!("UNHEX('{}')", ground.zhang.to_string().replace('-', "")));
        let visits = |table: &str, column: &str| format!("SELECT id, version FROM {table} WHERE {column} = {staff} AND id > '' ORDER BY id LIMIT 50");
        let queries = [
            format!("SELECT seq, kind, entity_id FROM sync_log WHERE scope = {scope} AND seq > 10 AND seq <= 30 ORDER BY seq LIMIT 5"),
            "SELECT LOWER(HEX(tag)) FROM sync_batch WHERE last_seq >= 5 ORDER BY last_seq LIMIT 1".to_owned(),
            "SELECT id, scope, kind, entity_id FROM sync_outbox ORDER BY id LIMIT 20".to_owned(),
            visits("appointments", "scope_station"),
            visits("appointments", "scope_collector"),
            visits("appointments", "scope_fact"),
            visits(&format!("orders_{month}"), "scope_collector"),
            "SELECT id, outcome, verdict FROM mutations WHERE device_id = '1234567890123456' AND incarnation = 1 AND id > 3 ORDER BY id".to_owned(),
            kept_verdicts::EMPTY.replacen('?', "'1234567890123456'", 1).replacen('?', "1", 1).replacen('?', "3", 1).replacen('?', "500", 1),
            "SELECT id FROM disputed_records WHERE resolved_at IS NULL AND id < 'x' ORDER BY id DESC LIMIT 20".to_owned(),
            "SELECT id FROM reviews WHERE closed = 0 AND id < 100 ORDER BY id DESC LIMIT 20".to_owned(),
        ];
        for sql in queries {
            for (access, key, extra) in plan(db, &sql).await {
                assert!(access != "ALL" && !extra.contains("filesort"), "{sql}: {access} by {key:?}, {extra}");
            }
        }
        if db.engine() == blackbox::Engine::MariaDb {
            let sql = "DELETE o FROM sync_log l STRAIGHT_JOIN sync_outbox o ON o.id = l.outbox_id WHERE l.seq > 10 AND l.seq <= 20";
            let keys: Vec<_> = plan(db, sql).await.into_iter().map(|(access, key, _)| (access, key)).collect();
            assert_eq!(keys, [("range".to_owned(), "PRIMARY".to_owned()), ("eq_ref".to_owned(), "PRIMARY".to_owned())], "the log's range drives the join");
        }
    }
}
