//! Pages and stores changed at random: what cannot be read changes nothing, what can leaves every promise of the tables
//! kept and every command where it was; nothing panics. `PROPTEST_CASES` says how often.

use super::device::{Device, scopes};
use super::server::Server;
use crate::{
    error::{Error, Result},
    store::{Db, Store, StoreKey, migrate::STEPS},
    sync::{run, transport::Transport},
};
use huishou_domain::sync::message::{PullAnswer, PullRequest, PushAnswer, PushRequest};
use proptest::prelude::*;
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

fn cases(few: u32) -> ProptestConfig {
    let said = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        // Each case has stores of its own on a disk that is waited for.
        max_shrink_iters: 200,
        ..ProptestConfig::with_cases(said.and_then(|said| said.parse().ok()).unwrap_or(few))
    }
}

fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(vec![
            json!(null),
            json!(true),
            json!(false),
            json!(-1),
            json!(0),
            json!(1),
            json!(7),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(1e300),
            json!(""),
            json!("admin"),
            json!("station:x"),
            json!("collector:00000000-0000-0000-0000-0000000000a1"),
            json!("order"),
            json!("00000000-0000-0000-0000-000000000000"),
            json!("9999-12-31T23:59:59.999Z"),
            json!("1970-01-01T00:00:00.000Z"),
            json!("-0.01"),
            json!("99999999999999.99"),
            json!([]),
            json!({}),
            json!([[]]),
        ]),
        any::<String>().prop_map(Value::from),
    ]
}

/// How one answer is bent.
#[derive(Debug, Clone)]
enum Bend {
    /// Another value at the n-th place.
    Exchange(usize, Value),
    /// The n-th entry of this list is gone, or there twice.
    Without(&'static str, usize),
    Twice(&'static str, usize),
    /// A field is gone.
    Lacks(&'static str),
    /// Another value in this field of the n-th entry of this list.
    Says(&'static str, usize, &'static str, Value),
}

fn bend() -> impl Strategy<Value = Bend> {
    let list = || prop::sample::select(vec!["puts", "drops", "verdicts", "reset", "scopes"]);
    let field = prop::sample::select(vec![
        "puts",
        "drops",
        "verdicts",
        "checks",
        "scopes",
        "complete",
        "epoch",
        "incarnation",
        "last_mutation",
    ]);
    let says = prop::sample::select(vec![
        ("puts", "scopes"),
        ("puts", "kind"),
        ("puts", "id"),
        ("puts", "version"),
        ("puts", "body"),
        ("drops", "id"),
        ("drops", "kind"),
        ("verdicts", "id"),
        ("verdicts", "outcome"),
    ]);
    prop_oneof![
        6 => (0..900_usize, odd()).prop_map(|(nth, with)| Bend::Exchange(nth, with)),
        1 => (list(), 0..8_usize).prop_map(|(list, nth)| Bend::Without(list, nth)),
        1 => (list(), 0..8_usize).prop_map(|(list, nth)| Bend::Twice(list, nth)),
        1 => field.prop_map(Bend::Lacks),
        4 => (says, 0..8_usize, odd()).prop_map(|((list, field), nth, with)| Bend::Says(list, nth, field, with)),
    ]
}

fn exchange(value: &mut Value, nth: &mut usize, with: &Value) {
    if *nth == 0 {
        *value = with.clone();
    }
    *nth = nth.wrapping_sub(1);
    match value {
        _ if *nth > 1 << 40 => {}
        Value::Array(list) => list.iter_mut().for_each(|value| exchange(value, nth, with)),
        Value::Object(map) => map
            .values_mut()
            .for_each(|value| exchange(value, nth, with)),
        _ => {}
    }
}

impl Bend {
    fn bend(&self, answer: &mut Value) {
        let fields = answer.as_object_mut().unwrap();
        let list =
            |fields: &mut serde_json::Map<String, Value>, name: &str, nth: usize, twice: bool| {
                if let Some(Value::Array(list)) = fields.get_mut(name)
                    && !list.is_empty()
                {
                    let nth = nth % list.len();
                    let entry = list.remove(nth);
                    list.extend(std::iter::repeat_n(entry, if twice { 2 } else { 0 }));
                }
            };
        match self {
            Self::Exchange(nth, with) => {
                let cursor = fields["cursor"].clone();
                exchange(answer, &mut nth.clone(), with);
                // The server in memory reads its own cursors only.
                if let Value::Object(fields) = answer {
                    let _ = fields.insert("cursor".into(), cursor);
                }
            }
            Self::Without(name, nth) => list(fields, name, *nth, false),
            Self::Twice(name, nth) => list(fields, name, *nth, true),
            Self::Lacks(name) => drop(fields.remove(*name)),
            Self::Says(name, nth, field, with) => {
                if let Some(Value::Array(list)) = fields.get_mut(*name)
                    && !list.is_empty()
                {
                    let nth = nth % list.len();
                    list[nth][*field] = with.clone();
                }
            }
        }
    }
}

/// The n-th page bent; the others as they are.
struct Bent<'a> {
    server: &'a Server,
    page: usize,
    bend: Bend,
    asked: AtomicUsize,
}

impl Transport for Bent<'_> {
    async fn push(&self, request: &PushRequest) -> Result<PushAnswer> {
        self.server.push(request).await
    }

    async fn pull(&self, request: &PullRequest) -> Result<PullAnswer> {
        let answer = self.server.pull(request).await?;
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        if asked > 50 {
            return Err(Error::Offline("enough".into()));
        }
        if asked != self.page {
            return Ok(answer);
        }
        let mut answer = serde_json::to_value(answer).unwrap();
        self.bend.bend(&mut answer);
        serde_json::from_value(answer).map_err(|error| Error::Undecodable(error.to_string()))
    }
}

/// Every row of every table but the staged pages and what is known about them.
fn applied(db: &Db) -> Vec<String> {
    let tables = column(
        db,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'staging' ORDER BY name",
    );
    let mut all = Vec::new();
    for table in tables {
        let mut statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells: Vec<Cell> = (0..columns).map(|n| row.get(n).unwrap()).collect();
            all.push(format!("{table} {cells:?}"));
        }
    }
    all.retain(|row| !row.starts_with("meta [Text(\"staged"));
    all
}

fn column(db: &Db, query: &str) -> Vec<String> {
    let mut statement = db.prepare(query).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

/// Every command ever made here, by its bytes.
fn commands(db: &Db) -> Vec<String> {
    column(db, "SELECT name || hex(uid) FROM mutations ORDER BY uid")
}

/// A device that works, half of it answered; what the server then has to say takes several pages.
fn at_work(server: &Server) -> Device {
    let device = Device::new();
    let visits: Vec<_> = (1..4).map(|hour| server.book(hour)).collect();
    device.round(server).unwrap();
    server.state().page = 2;
    device.serve(visits[0].0, visits[0].1);
    device.push(server).unwrap();
    device
        .exec("appointment.start", json!({"appointment_id": visits[1].0}))
        .unwrap();
    server.book(5);
    server.book(6);
    device
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn a_bent_page_is_applied_whole_or_not_at_all(page in 0..4_usize, bend in bend(), anew in any::<bool>()) {
        let server = Server::new(&scopes());
        let mut device = at_work(&server);
        if anew {
            server.state().reset = true;
        }
        let (before, made) = device.store(|store| (applied(store.db()), commands(store.db())));
        let line = Bent { server: &server, page, bend, asked: AtomicUsize::new(0) };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let pulled = runtime.block_on(run::pull_all(&device.engine.main(), &line, true));
        let (after, kept) = device.store(|store| (applied(store.db()), commands(store.db())));
        prop_assert_eq!(kept, made, "every command is where it was");
        if pulled.is_err() {
            prop_assert_eq!(after, before, "{:?}", pulled);
        }
        device.is_sound();
        device.reopen();
        device.is_sound();
        let _ = device.held();
    }
}

#[test]
fn what_comes_for_no_scope_is_not_held() {
    let server = Server::new(&scopes());
    let device = at_work(&server);
    let bend = Bend::Says("puts", 0, "scopes", json!([]));
    let line = Bent {
        server: &server,
        page: 0,
        bend,
        asked: AtomicUsize::new(0),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let pulled = runtime.block_on(run::pull_all(&device.engine.main(), &line, false));
    assert!(pulled.is_ok(), "{pulled:?}");
    device.is_sound();
}

fn cell() -> impl Strategy<Value = Cell> {
    prop_oneof![
        any::<i64>().prop_map(Cell::Integer),
        (0..3_i64).prop_map(Cell::Integer),
        Just(Cell::Null),
        any::<String>().prop_map(Cell::Text),
        prop::sample::select(vec!["{}", "[]", "order", "applied", "\"x\"", "1", "true"])
            .prop_map(|text| Cell::Text(text.into())),
        prop::collection::vec(any::<u8>(), 16).prop_map(Cell::Blob),
    ]
}

fn keyed(path: &std::path::Path, key: &StoreKey) -> Db {
    let db = Db::open(path).unwrap();
    db.pragma_update(None, "key", format!("x'{}'", *key.hex()))
        .unwrap();
    db
}

/// A store as it was after so many steps, with whatever its tables take.
fn older(path: &std::path::Path, key: &StoreKey, steps: usize, cells: &[Cell]) {
    let db = keyed(path, key);
    STEPS[..steps]
        .iter()
        .for_each(|step| db.execute_batch(step).unwrap());
    db.pragma_update(None, "user_version", i64::try_from(steps).unwrap())
        .unwrap();
    db.pragma_update(None, "foreign_keys", false).unwrap();
    let mut cells = cells.iter().cycle();
    let tables = column(
        &db,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    );
    for table in tables.iter().filter(|table| *table != "memberships") {
        for _ in 0..4 {
            let columns = column(
                &db,
                &format!("SELECT name FROM pragma_table_info('{table}')"),
            );
            let row: Vec<&Cell> = columns.iter().filter_map(|_| cells.next()).collect();
            let places = vec!["?"; columns.len()].join(", ");
            // What a table does not take was never in it.
            let _ = db.execute(
                &format!("INSERT OR IGNORE INTO {table} VALUES ({places})"),
                rusqlite::params_from_iter(row),
            );
        }
    }
}

fn outbox(db: &Db) -> BTreeMap<String, String> {
    let all = column(
        db,
        "SELECT hex(uid) || ' ' || hex(name) || ' ' || hex(bytes) FROM mutations",
    );
    all.into_iter().map(|row| (row.clone(), row)).collect()
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn an_older_store_with_any_contents_keeps_its_commands_or_stays_as_it_is(steps in 2..=STEPS.len(), cells in prop::collection::vec(cell(), 37..160)) {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("huishou.db"), StoreKey::new([7; 32]));
        older(&path, &key, steps, &cells);
        let before = outbox(&keyed(&path, &key));
        let (opened, version) = match Store::open(&path, &key) {
            Ok(_) => (true, STEPS.len()),
            Err(error) => {
                prop_assert!(!error.stable_code().is_empty());
                (false, steps)
            }
        };
        let db = keyed(&path, &key);
        prop_assert_eq!(outbox(&db), before);
        let now: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        prop_assert!(now == i64::try_from(version).unwrap() || (opened && now >= i64::try_from(version).unwrap()), "{} after {}", now, steps);
    }

    #[test]
    fn a_store_that_claims_another_version_opens_or_stays_as_it_is(claimed in prop_oneof![any::<i32>(), -3..20_i32]) {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("huishou.db"), StoreKey::new([7; 32]));
        older(&path, &key, STEPS.len(), &[Cell::Integer(1), Cell::Text("x".into()), Cell::Blob(vec![1; 16])]);
        let before = applied(&keyed(&path, &key));
        keyed(&path, &key).pragma_update(None, "user_version", claimed).unwrap();
        if let Err(error) = Store::open(&path, &key) {
            let db = keyed(&path, &key);
            prop_assert_eq!(applied(&db), before, "{}", error.stable_code());
            let now: i32 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
            prop_assert_eq!(now, claimed);
        } else {
            prop_assert!(usize::try_from(claimed).is_ok_and(|claimed| claimed >= STEPS.len()), "{} was believed", claimed);
        }
        let newest = i64::try_from(STEPS.len()).unwrap();
        keyed(&path, &key).pragma_update(None, "user_version", newest).unwrap();
        drop(Store::open(&path, &key).unwrap());
    }
}
