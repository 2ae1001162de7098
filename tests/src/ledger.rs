//! What MySQL holds, read past the product: the tests' last word on what was booked, weighed and paid.

use crate::db::Database;

/// The books of one database.
#[derive(Clone, Copy, Debug)]
pub struct Ledger<'a>(pub &'a Database);

/// An order's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// The monthly table that holds it.
    pub table: String,
    /// 0 unpaid, 1 paid, 2 completed, 3 cancelled.
    pub status: i64,
    /// Fen due.
    pub due: i64,
    /// Raised by every write.
    pub version: i64,
    /// Its appointment, if any.
    pub appointment_id: Option<String>,
}

fn hex(id: &str) -> String {
    let hex: String = id.chars().filter(char::is_ascii_hexdigit).collect();
    assert_eq!(hex.len(), 32, "an id: {id}");
    format!("UNHEX('{hex}')")
}

fn dashed(hex: &str) -> String {
    hex.parse::<uuid::Uuid>()
        .expect("16 bytes in hex")
        .to_string()
}

impl Ledger<'_> {
    /// The monthly orders tables, oldest month first.
    pub async fn months(&self) -> Vec<String> {
        self.0
            .texts(
                "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() \
                 AND table_name REGEXP '^orders_[0-9]{6}$' ORDER BY name",
            )
            .await
    }

    /// Every place where an order is stored: exactly one, unless something is lost or doubled.
    pub async fn orders(&self, id: &str) -> Vec<OrderRow> {
        let mut found = Vec::new();
        for table in self.months().await {
            let sql = format!(
                "SELECT CONCAT_WS('|', status, CAST(due * 100 AS SIGNED), version, COALESCE(LOWER(HEX(appointment_id)), '')) \
                 FROM {table} WHERE id = {}",
                hex(id)
            );
            for row in self.0.texts(&sql).await {
                found.push(read(&table, &row));
            }
        }
        found
    }

    /// The one row of an order.
    pub async fn order(&self, id: &str) -> OrderRow {
        let mut rows = self.orders(id).await;
        assert_eq!(rows.len(), 1, "order {id} is stored exactly once: {rows:?}");
        rows.remove(0)
    }

    /// Ids of all orders, whatever the month.
    pub async fn order_ids(&self) -> Vec<String> {
        let mut ids = Vec::new();
        for table in self.months().await {
            ids.extend(
                self.0
                    .texts(&format!("SELECT LOWER(HEX(id)) FROM {table} ORDER BY id"))
                    .await,
            );
        }
        ids.iter().map(|id| dashed(id)).collect()
    }

    /// Ids of all appointments.
    pub async fn appointment_ids(&self) -> Vec<String> {
        let ids = self
            .0
            .texts("SELECT LOWER(HEX(id)) FROM appointments ORDER BY id")
            .await;
        ids.iter().map(|id| dashed(id)).collect()
    }

    /// An appointment's status: 0 pending, 1 confirmed, 2 completed, 3 cancelled, 4 in service.
    pub async fn appointment_status(&self, id: &str) -> i64 {
        self.0
            .count(&format!(
                "SELECT CAST(status AS SIGNED) FROM appointments WHERE id = {}",
                hex(id)
            ))
            .await
    }

    /// An order's lines as `category|quantity|unit price|fen`, in order, numbers without trailing zeros.
    pub async fn lines(&self, order: &str) -> Vec<String> {
        let rows = self
            .0
            .texts(&format!(
                "SELECT CONCAT_WS('|', category, CAST(quantity AS CHAR), CAST(unit_price AS CHAR), CAST(amount * 100 AS SIGNED)) \
                 FROM order_lines WHERE order_id = {} ORDER BY line",
                hex(order)
            ))
            .await;
        rows.iter().map(|row| plain(row)).collect()
    }

    /// An order's payments as `id|method|fen`, oldest first.
    pub async fn payments(&self, order: &str) -> Vec<String> {
        let rows = self
            .0
            .texts(&format!(
                "SELECT CONCAT_WS('|', LOWER(HEX(id)), CONVERT(method USING utf8mb4), CAST(amount * 100 AS SIGNED)) \
                 FROM payments WHERE order_id = {} ORDER BY position",
                hex(order)
            ))
            .await;
        rows.iter()
            .map(|row| format!("{}{}", dashed(&row[..32]), &row[32..]))
            .collect()
    }

    /// How many final quotes an order has.
    pub async fn quotes(&self, order: &str) -> i64 {
        self.0
            .count(&format!(
                "SELECT COUNT(*) FROM quotes WHERE order_id = {}",
                hex(order)
            ))
            .await
    }

    /// Review codes on an appointment or order, sorted.
    pub async fn reviews(&self, subject: &str) -> Vec<String> {
        self.0
            .texts(&format!(
                "SELECT code FROM reviews WHERE subject_id = {} ORDER BY code",
                hex(subject)
            ))
            .await
    }

    /// Fen paid out less fen taken back, over everything.
    pub async fn paid(&self) -> i64 {
        let sum = |table: &str| {
            format!("SELECT CAST(COALESCE(SUM(amount), 0) * 100 AS SIGNED) FROM {table}")
        };
        self.0.count(&sum("payments")).await - self.0.count(&sum("refunds")).await
    }

    /// What must hold whatever happened; answers each offence in words.
    pub async fn audit(&self) -> Vec<String> {
        let mut offences = Vec::new();
        let months = self.months().await;
        let all = months
            .iter()
            .map(|table| {
                format!(
                    "SELECT id, appointment_id, status, due, current_quote, version FROM {table}"
                )
            })
            .collect::<Vec<_>>()
            .join(" UNION ALL ");
        let paid = "COALESCE((SELECT SUM(p.amount) FROM payments p WHERE p.order_id = o.id), 0) \
                    - COALESCE((SELECT SUM(r.amount) FROM refunds r WHERE r.order_id = o.id), 0)";
        for (what, sql) in [
            ("an order is stored in two months", format!("SELECT LOWER(HEX(o.id)) FROM ({all}) o GROUP BY o.id HAVING COUNT(*) > 1")),
            ("an appointment has no order", format!("SELECT LOWER(HEX(a.id)) FROM appointments a LEFT JOIN ({all}) o ON o.id = a.order_id WHERE o.id IS NULL")),
            ("an order's appointment is missing", format!("SELECT LOWER(HEX(o.id)) FROM ({all}) o LEFT JOIN appointments a ON a.order_id = o.id WHERE o.appointment_id IS NOT NULL AND a.id IS NULL")),
            ("an order counts as paid and is not", format!("SELECT LOWER(HEX(o.id)) FROM ({all}) o WHERE o.status = 1 AND {paid} < o.due")),
            ("an order counts as unpaid and is paid", format!("SELECT LOWER(HEX(o.id)) FROM ({all}) o WHERE o.status = 0 AND o.current_quote IS NOT NULL AND o.due > 0 AND {paid} >= o.due")),
            ("a payment has no order", format!("SELECT LOWER(HEX(p.id)) FROM payments p LEFT JOIN ({all}) o ON o.id = p.order_id WHERE o.id IS NULL")),
            ("a line has no order", format!("SELECT LOWER(HEX(l.order_id)) FROM order_lines l LEFT JOIN ({all}) o ON o.id = l.order_id WHERE o.id IS NULL")),
            ("a weighed order has no lines", format!("SELECT LOWER(HEX(o.id)) FROM ({all}) o LEFT JOIN order_lines l ON l.order_id = o.id WHERE o.current_quote IS NOT NULL AND l.order_id IS NULL")),
            ("a current quote is missing", format!("SELECT LOWER(HEX(o.id)) FROM ({all}) o LEFT JOIN quotes q ON q.id = o.current_quote AND q.order_id = o.id WHERE o.current_quote IS NOT NULL AND q.id IS NULL")),
            (
                "a payment is not above zero",
                "SELECT CONCAT(LOWER(HEX(order_id)), ': ', amount) FROM payments WHERE amount <= 0".to_owned(),
            ),
            (
                "a refund is not above zero",
                "SELECT CONCAT(LOWER(HEX(order_id)), ': ', amount) FROM refunds WHERE amount <= 0".to_owned(),
            ),
            (
                "an order owes less than nothing",
                format!("SELECT CONCAT(LOWER(HEX(o.id)), ': ', o.due) FROM ({all}) o WHERE o.due < 0"),
            ),
            ("a slot is overbooked", "SELECT CONCAT(date, ' ', CONVERT(start USING utf8mb4)) FROM slots WHERE taken > capacity".to_owned()),
            ("a slot's count differs from its appointments", "SELECT CONCAT(s.date, ' ', CONVERT(s.start USING utf8mb4), ': ', s.taken) FROM slots s WHERE s.taken <> (SELECT COUNT(*) FROM appointments a WHERE a.station_id = s.station_id AND a.slot_date = s.date AND a.slot_start = s.start AND a.status <> 3)".to_owned()),
            ("a device's mutations are not dense", "SELECT LOWER(HEX(device_id)) FROM mutations GROUP BY device_id, incarnation HAVING COUNT(*) <> MAX(id) OR MIN(id) <> 1".to_owned()),
            ("a device's last mutation is not its last", "SELECT LOWER(HEX(d.id)) FROM devices d WHERE d.last_mutation <> COALESCE((SELECT MAX(m.id) FROM mutations m WHERE m.device_id = d.id AND m.incarnation = d.incarnation), 0)".to_owned()),
            ("the log is not dense", "SELECT CAST(COUNT(*) AS CHAR) FROM sync_log HAVING COUNT(*) <> COALESCE(MAX(seq), 0)".to_owned()),
            ("the head is not the log's end", "SELECT CAST(h.seq AS CHAR) FROM sync_head h WHERE h.seq <> (SELECT COALESCE(MAX(seq), 0) FROM sync_log)".to_owned()),
        ] {
            for row in self.0.texts(&sql).await {
                offences.push(format!("{what}: {row}"));
            }
        }
        offences
    }
}

fn read(table: &str, row: &str) -> OrderRow {
    let mut parts = row.split('|');
    let mut number = || {
        parts
            .next()
            .and_then(|part| part.parse::<i64>().ok())
            .expect("a number")
    };
    let (status, due, version) = (number(), number(), number());
    let appointment = parts.next().filter(|id| !id.is_empty());
    OrderRow {
        table: table.to_owned(),
        status,
        due,
        version,
        appointment_id: appointment.map(dashed),
    }
}

fn plain(row: &str) -> String {
    let parts = row.split('|').map(|part| {
        if part.contains('.') && part.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            part.trim_end_matches('0').trim_end_matches('.')
        } else {
            part
        }
    });
    parts.collect::<Vec<_>>().join("|")
}
