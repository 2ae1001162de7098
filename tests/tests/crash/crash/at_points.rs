//! Each named crash point, hit five times and more. The programs' own lists are read from their sources, so that a
//! new point without a test is a failure here.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;

use blackbox::customer::{id, key};
use blackbox::goods::{at, booking};
use blackbox::paths::root;
use blackbox::{Customer, Engine, Town};
use serde_json::{Value, json};
use uuid::Uuid;

use super::till::Till;

const TIMES: usize = 5;
/// SIGABRT: how a crash point ends a process.
const ABORTED: i32 = 6;

/// The names between the brackets of the list in a program's `crash.rs`.
fn points(path: &str) -> Vec<String> {
    let source = std::fs::read_to_string(root().join(path)).expect("a crate of this checkout");
    let list = source
        .split_once("= &[")
        .and_then(|(_, rest)| rest.split_once("];"))
        .expect("a list")
        .0;
    let names: Vec<String> = list
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    assert!(names.len() >= 8, "{path} lists its points: {names:?}");
    names
}

fn report(what: &str, hits: &BTreeMap<String, usize>) {
    for (point, hits) in hits {
        println!("{what} {point}: {hits} crashes");
        assert!(*hits >= TIMES, "{point} was hit {hits} times");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_dies_at_any_point_loses_nothing_and_repeats_nothing() {
    let town = Town::start(Engine::MariaDb).await;
    let mut till = Till::open(&town).await;
    let mut hits = BTreeMap::new();
    for point in points("client/src/crash.rs") {
        for _ in 0..TIMES {
            let died = if point.starts_with("exec.") {
                dies_at_exec(&mut till, &point).await
            } else {
                dies_at_sync(&mut till, &point).await
            };
            *hits.entry(point.clone()).or_default() += usize::from(died);
            till.settle().await;
        }
    }
    report("device", &hits);
    let (acknowledged, landed) = till.audit(&town).await;
    assert_eq!(
        landed, TIMES,
        "what died after its commit is there, what died before is not"
    );
    assert_eq!(town.ledger().audit().await, [""; 0]);
    println!(
        "device: {acknowledged} acknowledged tickets all there once, {landed} of {} doubtful ones",
        till.doubtful.len()
    );
}

async fn dies_at_exec(till: &mut Till, point: &str) -> bool {
    let order = Uuid::now_v7();
    till.device.set_env("HUISHOU_CRASH_AT", point);
    let done = till
        .device
        .run(&["exec", "ticket.create", &Till::ticket(order)])
        .await;
    till.device.unset_env("HUISHOU_CRASH_AT");
    till.doubtful.push(order.to_string());
    done.status.signal() == Some(ABORTED) && done.stderr.contains(point)
}

async fn dies_at_sync(till: &mut Till, point: &str) -> bool {
    if point.starts_with("renumber.") {
        becomes_an_older_copy(till).await;
    }
    let _ = till.sell().await;
    if point.starts_with("stage.") {
        // Two aggregates on pages of one: the first page is staged.
        let _ = till.sell().await;
        till.device.set_env("HUISHOU_PAGE", "1");
    }
    till.device.set_env("HUISHOU_CRASH_AT", point);
    let done = till.device.run(&["sync"]).await;
    till.device.unset_env("HUISHOU_CRASH_AT");
    till.device.unset_env("HUISHOU_PAGE");
    done.status.signal() == Some(ABORTED) && done.stderr.contains(point)
}

/// The store is put back as it was before a sale that the server has heard of: the next numbers are taken.
async fn becomes_an_older_copy(till: &mut Till) {
    let older = till.device.copy_store();
    let _ = till.sell().await;
    till.settle().await;
    let files = |folder: &std::path::Path| -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(folder).expect("the store's folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths.filter(|path| path.is_file()).collect()
    };
    for file in files(till.device.folder()) {
        std::fs::remove_file(file).expect("a file of the store");
    }
    for file in files(older.path()) {
        let name = file.file_name().expect("a name").to_owned();
        let _ = std::fs::copy(&file, till.device.folder().join(name)).expect("a file of the store");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_at_any_point_loses_nothing_and_repeats_nothing_on_mariadb() {
    server_dies(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_at_any_point_loses_nothing_and_repeats_nothing_on_mysql56() {
    server_dies(Engine::Mysql56).await;
}

async fn server_dies(engine: Engine) {
    let mut town = Town::start(engine).await;
    let mut till = Till::open(&town).await;
    let customer = Customer::login(&town.world, "wang").await;
    let plain = town.world.server.setup().clone();
    let (mut hits, mut booked) = (BTreeMap::new(), 0);
    let mut pictures = Vec::new();
    let points = points("server/src/crash.rs");
    for point in points
        .into_iter()
        .filter(|point| !point.starts_with("write.") && !point.starts_with("keyed."))
    {
        for _ in 0..TIMES {
            let (key, body) = (key(), noted_booking(booked));
            booked += 1;
            let _ = till.sell().await;
            if point.starts_with("blob.") {
                pictures.push(till.photograph().await);
            }
            town.world
                .server
                .restart_with(plain.clone().with("HUISHOU_CRASH_AT", &point))
                .await;
            let died = provoke(&mut town, &till, &customer, (&key, &body), &point).await;
            *hits.entry(point.clone()).or_default() += usize::from(died);
            town.world.server.restart_with(plain.clone()).await;
            let answer = customer
                .api
                .post_once("/api/v1/appointments", &key, &body)
                .await;
            let visit = answer.expect(201);
            assert_eq!(customer.appointment(id(visit)).await["note"], body["note"]);
            till.settle().await;
        }
    }
    report(&format!("{engine} server"), &hits);
    let (acknowledged, _) = till.audit(&town).await;
    let whole = "SELECT LOWER(HEX(sha256)) FROM blobs WHERE completed_at IS NOT NULL ORDER BY 1";
    pictures.sort_unstable();
    assert_eq!(
        town.world.database.texts(whole).await,
        pictures,
        "each picture is there once and whole"
    );
    let doubled = "SELECT note FROM appointments WHERE note LIKE 'crash %' GROUP BY note HAVING COUNT(*) <> 1";
    assert_eq!(
        town.world.database.texts(doubled).await,
        [""; 0],
        "each booking is there exactly once"
    );
    let all = "SELECT COUNT(*) FROM appointments WHERE note LIKE 'crash %'";
    assert_eq!(
        town.world.database.count(all).await,
        i64::try_from(booked).unwrap()
    );
    assert_eq!(town.ledger().audit().await, [""; 0]);
    println!(
        "{engine} server: {acknowledged} tickets and {booked} bookings all there exactly once"
    );
}

fn noted_booking(n: usize) -> Value {
    let mut body = booking(&at(
        1 + u64::try_from(n / 24).unwrap(),
        [8, 10, 12, 14, 16, 18][n % 6],
    ));
    body["note"] = json!(format!("crash {n}"));
    body
}

/// Does what passes the point; answers whether the server died of it.
async fn provoke(
    town: &mut Town,
    till: &Till,
    customer: &Customer,
    (key, body): (&str, &Value),
    point: &str,
) -> bool {
    if ["blob.", "push.", "pull."]
        .iter()
        .any(|of| point.starts_with(of))
    {
        let _ = till.device.run(&["sync"]).await;
    } else {
        let request = customer
            .api
            .request(reqwest::Method::POST, "/api/v1/appointments");
        let request = request.header("Idempotency-Key", key).json(body);
        // The answer is lost where the server dies before it; where it dies after, the answer may still come.
        let _ = customer.api.try_send(request).await;
    }
    let server = town.world.server.process();
    let status = server.wait().await;
    status.signal() == Some(ABORTED)
        && server
            .log()
            .contains(&format!("crash point {point} reached"))
}
