//! What is put where something else belongs, and how to see that nothing came of it.

use blackbox::{Answer, Town};
use serde_json::{Value, json};

/// Texts that are somebody else's program, and letters that break careless code.
pub const TEXTS: &[&str] = &[
    "Robert'); DROP TABLE appointments; -- ",
    "\" OR \"1\"=\"1",
    "<script>alert('回收')</script>",
    "<img src=x onerror=alert(1)>",
    "${jndi:ldap://127.0.0.1/x}",
    "{{7*7}} %s %n %00",
    "𠮷野家 😀👨‍👩‍👧",
    "\u{202e}txt.exe",
    "反斜杠 \\ 和 \" 引号",
    "   两端空格 里面",
];

/// Values of every other kind than text.
pub fn not_text() -> Vec<Value> {
    vec![
        json!(7),
        json!(true),
        json!([]),
        json!({}),
        json!(-1),
        json!([["x"]]),
    ]
}

/// Everything that might be put into any place of a body.
pub fn anything() -> Vec<Value> {
    let deep = (0..100).fold(json!("x"), |inner, _| json!([inner]));
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1.5),
        json!(9_223_372_036_854_775_807_i64),
        serde_json::from_str("1e400").unwrap(),
        serde_json::from_str("123456789012345678901234567890").unwrap(),
        json!(""),
        json!("x"),
        json!("-0"),
        json!("99999999999999999999"),
        json!("a\u{0}b"),
        json!("𠮷😀"),
        json!("'; DROP TABLE users; --"),
        json!("x".repeat(70_000)),
        json!([]),
        json!({}),
        json!(["x", 1, null]),
        deep,
    ]
}

/// Every place in a value, as JSON pointers, containers included.
pub fn places(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, String::new(), &mut found);
    found
}

fn collect(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                collect(
                    inner,
                    format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")),
                    found,
                );
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                collect(inner, format!("{path}/{index}"), found);
            }
        }
        _ => {}
    }
    if !path.is_empty() {
        found.push(path);
    }
}

/// The value with another one at a place.
pub fn with(value: &Value, place: &str, other: Value) -> Value {
    let mut changed = value.clone();
    *changed
        .pointer_mut(place)
        .unwrap_or_else(|| panic!("{place} in {value}")) = other;
    changed
}

/// The value without what is at a place.
pub fn without(value: &Value, place: &str) -> Value {
    let mut changed = value.clone();
    let (parent, last) = place.rsplit_once('/').expect("a place");
    match changed.pointer_mut(parent) {
        Some(Value::Object(object)) => {
            drop(object.remove(&last.replace("~1", "/").replace("~0", "~")))
        }
        Some(Value::Array(list)) => drop(list.remove(last.parse::<usize>().expect("an index"))),
        _ => panic!("{place} in {value}"),
    }
    changed
}

/// Every faulty form of a body: each place filled with each value, and each left out.
pub fn spoilt(body: &Value) -> Vec<(String, Value)> {
    let mut cases = Vec::new();
    for place in places(body) {
        for (n, other) in anything().into_iter().enumerate() {
            cases.push((format!("{place} = value {n}"), with(body, &place, other)));
        }
        cases.push((format!("{place} left out"), without(body, &place)));
    }
    cases
}

/// Everything that lasts, in numbers: how many rows a table has, and the sum of their versions. Without the keys of
/// idempotency, where a 409 is kept as it should be.
pub async fn books(town: &Town) -> Vec<String> {
    let mut tables = town
        .world
        .database
        .texts(
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() \
             AND table_name NOT IN ('sync_outbox', 'sync_log', 'sync_head', 'sync_batch', 'verdict_marks', 'server_instances', 'server_connections', 'schema_migrations', 'idempotency_keys', 'slots') ORDER BY name",
        )
        .await;
    tables.retain(|table| !table.starts_with("orders_template"));
    let versioned = |table: &String| {
        matches!(table.as_str(), "appointments" | "staff" | "stations")
            || table.starts_with("orders_2")
    };
    let parts: Vec<String> = tables
        .iter()
        .map(|table| {
            let sum = if versioned(table) {
                "COALESCE(SUM(version), 0)"
            } else {
                "0"
            };
            format!("SELECT CONCAT('{table} ', COUNT(*), ' ', {sum}) FROM {table}")
        })
        .collect();
    // A day's slots are made when they are first looked at; what counts is who sits in them.
    let sql = format!(
        "{} UNION ALL SELECT CONCAT('places taken ', CAST(COALESCE(SUM(taken), 0) AS SIGNED)) FROM slots",
        parts.join(" UNION ALL ")
    );
    town.world.database.texts(&sql).await
}

/// The answer is a refusal that a program can understand: 4xx, a problem document, a stable code.
#[track_caller]
pub fn refused(answer: &Answer, what: &str) {
    assert!(
        (400..500).contains(&answer.status),
        "{what}: answered {}: {}",
        answer.status,
        answer.text
    );
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{what}: {}",
        answer.text
    );
    for field in ["type", "title", "code", "detail", "request_id"] {
        assert!(
            answer.body[field]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{what}: no {field}: {}",
            answer.text
        );
    }
    assert_eq!(answer.body["status"], json!(answer.status), "{what}");
    assert!(
        !answer.header("x-request-id").is_empty(),
        "{what}: no X-Request-Id"
    );
    for leak in [
        "sqlx",
        "serde",
        "panicked",
        "SELECT ",
        "INSERT ",
        "/src/",
        "expected `",
        "at line ",
    ] {
        assert!(
            !answer.text.contains(leak),
            "{what}: internal text reaches the caller: {}",
            answer.text
        );
    }
}

/// Neither the server's log nor anything it said shows a panic.
#[track_caller]
pub fn calm(log: &str) {
    for sign in ["panicked", "\"level\":\"ERROR\""] {
        let bad: Vec<&str> = log
            .lines()
            .filter(|line| line.contains(sign))
            .take(3)
            .collect();
        assert!(bad.is_empty(), "the log shows {sign}: {}", bad.join("\n"));
    }
}
