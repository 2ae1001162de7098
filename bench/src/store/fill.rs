//! Fills a station with visits by bulk statements, as the product's store would have left them: a booked, assigned,
//! unweighed visit of two aggregates, each at version 1, with its scopes as stored columns and ids that carry their
//! month. A first sync reads them as a snapshot, so the change feed needs nothing of them.

use anyhow::{Context, Result};
use blackbox::Database;

/// Visits of one statement: short of a transaction that the redo log cannot hold.
const CHUNK: u32 = 25_000;

/// A station with its people.
#[derive(Debug, Clone)]
pub struct Station {
    /// Its code, and its clerk's user name; collectors are `code-1` and on.
    pub code: String,
    /// Its id as 32 hex digits.
    pub id: String,
    /// Visits it has.
    pub visits: u32,
    /// Collectors that share them evenly.
    pub collectors: u32,
}

impl Station {
    /// User name of the collector with this number, from 1.
    #[must_use]
    pub fn collector(&self, number: u32) -> String {
        format!("{}-{number}", self.code)
    }

    /// User name of the clerk, whose device holds the whole station.
    #[must_use]
    pub fn clerk(&self) -> &str {
        &self.code
    }
}

/// Makes a station with a clerk, collectors and visits. The demo city must be there: passwords and the form of a visit
/// are copied from it.
///
/// # Errors
/// The demo city is not there.
pub async fn station(db: &Database, code: &str, visits: u32, collectors: u32) -> Result<Station> {
    let id = format!("SUBSTR(MD5('station {code}'), 1, 32)");
    db.execute(&format!(
        "INSERT INTO stations (id, version, code, name, city, address, created_at, updated_at) \
         SELECT UNHEX({id}), 1, '{code}', '{code}', city, address, created_at, updated_at FROM stations WHERE code = 'chengxi'"
    ))
    .await;
    db.execute(&format!(
        "INSERT INTO staff (id, version, username, name, role, station_id, active, grants, password_hash, created_at, updated_at) \
         SELECT UNHEX(MD5(CONCAT('staff {code} ', n.seq))), 1, IF(n.seq = 0, '{code}', CONCAT('{code}-', n.seq)), CONCAT('员工', n.seq), \
         IF(n.seq = 0, 'station', 'collector'), UNHEX({id}), 1, 1, s.password_hash, s.created_at, s.updated_at \
         FROM seq_0_to_{collectors} n, staff s WHERE s.username = 'station1'"
    ))
    .await;
    let station = Station {
        code: code.to_owned(),
        id: db
            .texts(&format!("SELECT LOWER({id})"))
            .await
            .pop()
            .context("an id")?,
        visits,
        collectors,
    };
    more_visits(db, &station, 1, visits).await?;
    Ok(station)
}

/// Visits with these numbers, the last included.
///
/// # Errors
/// The demo city is not there.
pub async fn more_visits(db: &Database, station: &Station, first: u32, last: u32) -> Result<()> {
    let mut from = first;
    while from <= last {
        let to = last.min(from + CHUNK - 1);
        some_visits(db, station, from, to).await?;
        from = to + 1;
    }
    Ok(())
}

/// Visits `from` to `to` of a station. Each id carries the month's first instant plus its number in milliseconds.
async fn some_visits(db: &Database, station: &Station, from: u32, to: u32) -> Result<()> {
    let (month, template) = (month(db).await?, template(db).await?);
    let station_id = format!("UNHEX('{}')", station.id);
    let uuid = |what: &str| {
        let random = format!("MD5(CONCAT('{what} {} ', n.seq))", station.code);
        format!(
            "UNHEX(CONCAT(LPAD(HEX(UNIX_TIMESTAMP('{month}-01') * 1000 + n.seq), 12, '0'), '7', SUBSTR({random}, 1, 3), '8', SUBSTR({random}, 4, 15)))"
        )
    };
    let collector = if station.collectors == 0 {
        "NULL".to_owned()
    } else {
        format!(
            "UNHEX(MD5(CONCAT('staff {} ', n.seq MOD {} + 1)))",
            station.code, station.collectors
        )
    };
    let (appointment, order) = (uuid("appointment"), uuid("order"));
    // One kind of goods, as most people have: aggregates of 600 to 700 bytes on the average.
    let first = |list: &str| format!("JSON_ARRAY(JSON_EXTRACT({list}[0]'))");
    let items = format!("JSON_COMPACT({})", first("t.items, '$"));
    let amount = "JSON_EXTRACT(t.estimate, '$.lines[0].amount')";
    let estimate = format!(
        "JSON_COMPACT(JSON_SET(t.estimate, '$.items', {}, '$.lines', {}, '$.total', {amount}, '$.due', {amount}))",
        first("t.estimate, '$.items"),
        first("t.estimate, '$.lines"),
    );
    db.execute(&format!(
        "INSERT INTO appointments (id, order_id, version, status, user_id, station_id, assignee, city, items, division, address_detail, lng, lat, \
         contact_name, contact_phone, appointment_time, slot_date, slot_start, slot_end, estimate, note, photos, mark_version, mark_writer, mark_foreign, \
         scope_station, scope_collector, created_at, updated_at) \
         SELECT {appointment}, {order}, 1, 0, t.user_id, {station_id}, {collector}, t.city, {items}, t.division, \
         CONCAT('文三路 ', n.seq, ' 号 ', n.seq MOD 7 + 1, ' 幢 ', n.seq MOD 31 + 101), t.lng, t.lat, CONCAT('顾客', n.seq), \
         CONCAT('138', LPAD(n.seq MOD 100000000, 8, '0')), t.appointment_time + INTERVAL n.seq MOD 86400 SECOND, t.slot_date, t.slot_start, t.slot_end, \
         {estimate}, t.note, t.photos, 1, t.mark_writer, 0, {station_id}, {collector}, t.created_at + INTERVAL n.seq SECOND, t.updated_at + INTERVAL n.seq SECOND \
         FROM seq_{from}_to_{to} n, appointments t WHERE t.id = UNHEX('{template}')"
    ))
    .await;
    let table = format!("orders_{}", month.replace('-', ""));
    db.execute(&format!(
        "INSERT INTO {table} (id, appointment_id, order_no, version, status, user_id, station_id, collector, due, acceptances, \
         mark_version, mark_writer, mark_foreign, scope_station, scope_collector, created_at, updated_at) \
         SELECT a.order_id, a.id, {number}, 1, 0, a.user_id, a.station_id, a.assignee, 0, '[]', 1, a.mark_writer, 0, a.scope_station, a.scope_collector, \
         a.created_at, a.updated_at FROM seq_{from}_to_{to} n JOIN appointments a ON a.id = {appointment}",
        number = order_no("a.order_id", &month)
    ))
    .await;
    Ok(())
}

/// The number people read out: China's date and the low forty bits of the id in Crockford's digits.
pub(super) fn order_no(id: &str, month: &str) -> String {
    // CONV counts 0-9A-V; Crockford leaves out I, L, O and U. From the last letter on, so that none is moved twice.
    let moved = "VUTSRQPONMLKJI".chars().zip("ZYXWVTSRQPNMKJ".chars());
    let digits = format!("LPAD(CONV(HEX(SUBSTR({id}, 12, 5)), 16, 32), 8, '0')");
    let crockford = moved.fold(digits, |text, (from, to)| {
        format!("REPLACE({text}, '{from}', '{to}')")
    });
    format!("CONCAT('HS-{}01-', {crockford})", month.replace('-', ""))
}

/// This month, `2026-11`, by the database's clock.
async fn month(db: &Database) -> Result<String> {
    let sql = "SELECT DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m')";
    db.texts(sql).await.pop().context("the month")
}

/// A booked visit of the demo city with one kind of goods, whose aggregates are of a usual size.
async fn template(db: &Database) -> Result<String> {
    let sql = "SELECT HEX(id) FROM appointments WHERE contact_name NOT LIKE '顾客%' AND cancelled_at IS NULL AND started_at IS NULL AND user_id IS NOT NULL \
               ORDER BY LENGTH(items) + LENGTH(estimate), id LIMIT 1";
    db.texts(sql).await.pop().context("the demo city's visits")
}
