//! Every list and look-up of the customer's side uses its index, on a table with enough rows: no full scan, and no
//! filesort on the hot lists. Placeholders are bound as the server binds them: an ascii column compared with a
//! parameter of the connection's charset must still use its index.

use super::support::Town;
use blackbox::{Database, on_each_database};
use huishou_server::store::{
    appointments, cards, disputed, messages, price_book_list, retire, review_list,
};
use sqlx::{AssertSqlSafe, Row, mysql::MySqlArguments, query::Query};
use uuid::Uuid;

type Bind = fn(Query<'_, sqlx::MySql, MySqlArguments>) -> Query<'_, sqlx::MySql, MySqlArguments>;

const USER: u128 = 7;

/// Rows of a plan: access type, index, rows, extra.
async fn plan(db: &Database, sql: &str, bind: Bind) -> Vec<(String, String, u64, String)> {
    let text = |row: &sqlx::mysql::MySqlRow, column: &str| -> String {
        row.try_get::<Option<String>, _>(column)
            .or_else(|_| {
                row.try_get::<Option<Vec<u8>>, _>(column)
                    .map(|bytes| bytes.map(|b| String::from_utf8_lossy(&b).into_owned()))
            })
            .unwrap_or_else(|error| panic!("{column}: {error}"))
            .unwrap_or_default()
    };
    let rows = bind(sqlx::query(AssertSqlSafe(format!("EXPLAIN {sql}"))))
        .fetch_all(db.pool())
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e}"));
    rows.iter()
        .map(|row| {
            let count = row
                .try_get::<Option<i64>, _>("rows")
                .ok()
                .flatten()
                .map(|n| n.unsigned_abs());
            let count = count
                .or_else(|| row.try_get::<Option<u64>, _>("rows").ok().flatten())
                .unwrap_or(0);
            (
                text(row, "type"),
                text(row, "key"),
                count,
                text(row, "Extra"),
            )
        })
        .collect()
}

async fn fill(db: &Database) {
    // 40 customers × 100 appointments, 3 messages each; ids ascend with time.
    db.execute("CREATE TABLE digits (n INT PRIMARY KEY)").await;
    db.execute("INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)")
        .await;
    let numbers = "SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS n FROM digits a, digits b, digits c, digits d WHERE d.n < 4";
    let user = "LPAD(CHAR(MOD(x.n, 40) + 1), 16, CHAR(0))";
    let station = "LPAD(CHAR(MOD(x.n, 3) + 1), 16, CHAR(0))";
    let id = |prefix: &str| format!("UNHEX(LPAD(HEX({prefix} + x.n), 32, '0'))");
    db.execute(&format!(
        "INSERT INTO appointments (id, order_id, version, status, user_id, station_id, city, items, division, address_detail, contact_name, contact_phone, appointment_time, \
         slot_date, slot_start, slot_end, estimate, note, photos, mark_version, mark_writer, mark_foreign, scope_station, created_at, updated_at) \
         SELECT {}, {}, 1, MOD(x.n, 5), {user}, {station}, '330100', '[]', '330106', 'x', 'x', '13800002046', '2026-11-24', DATE_ADD('2026-01-01', INTERVAL MOD(x.n, 300) DAY), '10:00', '12:00', \
         '{{}}', '', '[]', 1, {user}, 0, {station}, '2026-11-24', '2026-11-24' FROM ({numbers}) x",
        id("100000"), id("200000")
    ))
    .await;
    db.execute(&format!(
        "INSERT INTO messages (id, user_id, code, params, created_at) SELECT {}, {user}, 'paid', '{{}}', '2026-11-24' FROM ({numbers}) x",
        id("300000")
    ))
    .await;
    db.execute(&format!("INSERT INTO users (id, openid, created_at, updated_at) SELECT {}, CONCAT('o', x.n), '2026-11-24', '2026-11-24' FROM ({numbers}) x", id("400000"))).await;
    for (table, columns, values) in [
        ("quotes", "body", "'{}'"),
        ("payments", "method, amount", "'cash', 1"),
    ] {
        db.execute(&format!("INSERT INTO {table} (id, order_id, position, by_staff, at, {columns}) SELECT {}, {}, 0, {user}, '2026-11-24', {values} FROM ({numbers}) x", id("500000"), id("200000"))).await;
    }
    db.execute(&format!(
        "INSERT INTO reviews (subject_kind, subject_id, position, code, at, station_id) SELECT 'order', {}, 0, 'overpaid', '2026-11-24', {station} FROM ({numbers}) x",
        id("200000")
    ))
    .await;
    db.execute(&format!(
        "INSERT INTO idempotency_keys (caller, method, route, idem_key, fingerprint, status, answer, created_at) \
         SELECT {user}, 'POST', '/api/v1/appointments', CONCAT('key-', x.n), REPEAT('x', 32), 201, '{{}}', DATE_ADD('2026-11-01', INTERVAL x.n MINUTE) FROM ({numbers}) x"
    ))
    .await;
    db.execute("CREATE TABLE orders_202611 LIKE orders_template")
        .await;
    db.execute(&format!(
        "INSERT INTO orders_202611 (id, order_no, version, status, station_id, due, acceptances, mark_version, mark_writer, mark_foreign, scope_station, created_at, updated_at) \
         SELECT {}, 'HS', 1, 0, {station}, 0, '[]', 1, {user}, 0, {station}, '2026-11-24', '2026-11-24' FROM ({numbers}) x",
        id("200000")
    ))
    .await;
    db.execute(&format!("INSERT IGNORE INTO station_divisions (prefix, station_id) SELECT 100000 + x.n, {station} FROM ({numbers}) x")).await;
    db.execute("UPDATE appointments SET scope_collector = user_id, scope_fact = station_id")
        .await;
    db.execute("UPDATE orders_202611 SET scope_collector = mark_writer, scope_fact = station_id")
        .await;
    db.execute("UPDATE reviews SET closed = 1, closed_at = at WHERE MOD(id, 20) <> 0")
        .await;
    db.execute(&format!("INSERT INTO devices (id, name, platform, public_key, station_id, registered_at, last_seen_at) SELECT {}, 'x', 'linux', UNHEX(LPAD(HEX(x.n), 64, '0')), {station}, DATE_ADD('2026-01-01', INTERVAL x.n MINUTE), '2026-11-24' FROM ({numbers}) x", id("600000"))).await;
    db.execute(&format!("INSERT INTO disputed_records (id, device_id, actor, mutation_id, name, reason, detail, raw, at, resolved_at) SELECT {}, {user}, {user}, x.n, 'order.pay@1', 'malformed', 'x', '{{}}', '2026-11-24', IF(MOD(x.n, 20) <> 0, '2026-11-24', NULL) FROM ({numbers}) x", id("700000"))).await;
    db.execute(&format!("INSERT INTO price_books (id, city, version, effective_from, effective_text, hash, rules, created_at) SELECT {}, 330200 + 100 * MOD(x.n, 40), x.n + 1, '2026-11-01', '2026-11-01T00:00:00Z', 'x', '[]', '2026-11-01' FROM ({numbers}) x", id("800000"))).await;
    db.execute("ANALYZE TABLE devices, disputed_records, price_books, station_divisions, appointments, messages, users, quotes, payments, reviews, idempotency_keys, orders_202611, slots").await;
}

fn in_list() -> String {
    vec!["?"; 20].join(", ")
}

macro_rules! bind {
    ($($value:expr),*) => { |query| query$(.bind($value))* };
}

fn bind_orders(
    mut query: Query<'_, sqlx::MySql, MySqlArguments>,
) -> Query<'_, sqlx::MySql, MySqlArguments> {
    for n in 0..20_u128 {
        query = query.bind(Uuid::from_u128(200_000 + n * 7));
    }
    query
}

on_each_database! {
    async fn administrators_lists_and_old_visits_are_read_in_order_by_an_index(db) {
        Town::on(db, 8).await;
        fill(db).await;
        let old = |table, column| retire::page_sql(table, column);
        let devices = "SELECT id, name FROM devices";
        // Nearly all disputes are closed: for those the order of ids will do.
        let paged: Vec<(&str, String, Bind, &str)> = vec![
            ("open reviews", review_list::PAGE_SQL.into(), bind!(false, i64::MAX, 20), "ix_open"),
            ("closed reviews", review_list::PAGE_SQL.into(), bind!(true, 500, 20), "ix_open"),
            ("open disputes", disputed::page_sql(false), bind!(Uuid::max(), 20), "disputed_open"),
            ("closed disputes", disputed::page_sql(true), bind!(Uuid::max(), 20), "disputed_open or PRIMARY"),
            ("devices of a station", format!("{devices} WHERE station_id = ? ORDER BY registered_at DESC LIMIT 1000"), bind!(Uuid::from_u128(1)), "devices_station"),
            ("all devices", format!("{devices} ORDER BY id DESC LIMIT 1000"), bind!(), "PRIMARY"),
            ("price books", price_book_list::OF_CITY_SQL.into(), bind!("330300"), "uk_city_version"),
            ("old visits of a collector", old("appointments", "scope_collector"), bind!(Uuid::from_u128(USER), Uuid::nil(), Uuid::max(), chrono::Utc::now(), 200), "ix_scope_collector"),
            ("old visits by their facts", old("appointments", "scope_fact"), bind!(Uuid::from_u128(1), Uuid::nil(), Uuid::max(), chrono::Utc::now(), 200), "ix_scope_fact"),
            ("old tickets of a collector", old("orders_202611", "scope_collector"), bind!(Uuid::from_u128(USER), Uuid::nil(), Uuid::max(), chrono::Utc::now(), 200), "ix_scope_collector"),
            ("old tickets by their facts", old("orders_202611", "scope_fact"), bind!(Uuid::from_u128(1), Uuid::nil(), Uuid::max(), chrono::Utc::now(), 200), "ix_scope_fact"),
        ];
        for (name, sql, bind, index) in paged {
            for (access, key, _, extra) in plan(db, &sql, bind).await {
                assert!(index.split(" or ").any(|one| one == key) && access != "ALL", "{name}: {access} by {key:?}, {extra}: {sql}");
                assert!(!extra.contains("filesort") && !extra.contains("temporary"), "{name}: {extra}: {sql}");
            }
        }
    }

    async fn every_list_and_lookup_goes_by_an_index(db) {
        Town::on(db, 8).await;
        fill(db).await;
        let hot: Vec<(&str, String, Bind)> = vec![
            ("appointments", appointments::list_sql(false, false), bind!(Uuid::from_u128(USER), 21)),
            ("appointments, next page", appointments::list_sql(false, true), bind!(Uuid::from_u128(USER), Uuid::from_u128(102_000), 21)),
            ("appointments by status", appointments::list_sql(true, false), bind!(Uuid::from_u128(USER), 1, 21)),
            ("appointments by status, next page", appointments::list_sql(true, true), bind!(Uuid::from_u128(USER), 1, Uuid::from_u128(102_000), 21)),
            ("list of appointments", cards::list_sql(false, false), bind!(Uuid::from_u128(USER), 21)),
            ("list of appointments, next page", cards::list_sql(false, true), bind!(Uuid::from_u128(USER), Uuid::from_u128(102_000), 21)),
            ("list of appointments by status", cards::list_sql(true, false), bind!(Uuid::from_u128(USER), 1, 21)),
            ("list of appointments by status, next page", cards::list_sql(true, true), bind!(Uuid::from_u128(USER), 1, Uuid::from_u128(102_000), 21)),
            ("schedule of a city", "SELECT id, effective_from FROM price_books WHERE city = ? ORDER BY effective_from DESC, version DESC LIMIT ?".into(), bind!("330100", 32)),
            ("messages", messages::list_sql(false), bind!(Uuid::from_u128(USER), 21)),
            ("messages, next page", messages::list_sql(true), bind!(Uuid::from_u128(USER), Uuid::from_u128(302_000), 21)),
            ("book in force", "SELECT id FROM price_books WHERE city = ? AND effective_from <= ? ORDER BY effective_from DESC, version DESC LIMIT 1".into(), bind!("330100", chrono::Utc::now())),
            ("newest book", "SELECT version FROM price_books WHERE city = ? ORDER BY version DESC LIMIT 1".into(), bind!("330100")),
            ("slots of a day", "SELECT start, end, capacity, taken FROM slots WHERE station_id = ? AND date = ? ORDER BY start".into(), bind!(Uuid::from_u128(1), "2026-11-24")),
            ("quotes of orders", format!("SELECT order_id, body FROM quotes WHERE order_id IN ({}) ORDER BY order_id, position", in_list()), bind_orders),
            ("payments of orders", format!("SELECT order_id, amount FROM payments WHERE order_id IN ({}) ORDER BY order_id, position", in_list()), bind_orders),
            ("reviews of orders", format!("SELECT subject_id, code FROM reviews WHERE subject_kind = 'order' AND subject_id IN ({}) ORDER BY subject_id, position", in_list()), bind_orders),
            ("orders of a month", format!("SELECT id, due FROM orders_202611 WHERE id IN ({})", in_list()), bind_orders),
            ("user by openid", "SELECT id FROM users WHERE openid = ?".into(), bind!("o77")),
            ("appointment of an order", "SELECT id FROM appointments WHERE order_id = ?".into(), bind!(Uuid::from_u128(200_077))),
            ("idempotency key", "SELECT fingerprint FROM idempotency_keys WHERE caller = ? AND method = ? AND route = ? AND idem_key = ?".into(), bind!(Uuid::from_u128(USER), "POST", "/api/v1/appointments", "key-6")),
            ("day of a station", "SELECT 1 FROM appointments WHERE station_id = ? AND slot_date = ? LIMIT 1".into(), bind!(Uuid::from_u128(1), "2026-05-05")),
            ("station of a district", "SELECT prefix, station_id FROM station_divisions WHERE prefix IN (?, ?, ?)".into(), bind!("33", "3301", "330106")),
            ("appointments of a station's scope", "SELECT id, version FROM appointments WHERE scope_station = ? AND id > ? ORDER BY id LIMIT 500".into(), bind!(Uuid::from_u128(1), Uuid::from_u128(101_000))),
            ("orders of a collector's scope", "SELECT id, version FROM orders_202611 WHERE scope_collector = ? AND id > ? ORDER BY id LIMIT 500".into(), bind!(Uuid::from_u128(1), Uuid::from_u128(201_000))),
        ];
        for (name, sql, bind) in hot {
            for (access, key, rows, extra) in plan(db, &sql, bind).await {
                // An empty result is optimised away; that is no scan.
                if extra.contains("no matching row") || extra.contains("Impossible WHERE") { continue; }
                assert!(!key.is_empty() && access != "ALL" && access != "index", "{name}: {access} by {key:?}, {extra}: {sql}");
                assert!(!extra.contains("filesort") && !extra.contains("temporary"), "{name}: {extra}: {sql}");
                assert!(rows <= 2_000, "{name}: {rows} rows: {sql}");
            }
        }
    }
}
