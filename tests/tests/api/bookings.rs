//! Many bookings at once: written together, each answered by itself and truly. No slot is ever sold twice over, one
//! booking's fault is nobody else's, and what was acknowledged is there exactly once, whatever broke meanwhile.

use blackbox::{
    Api, Customer, Database, Dedicated, Engine, Town, World, customer::key, goods,
    on_each_database, replica::Replica, server::Server,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Far enough ahead that nobody has looked at the day yet.
const DAY: u64 = 5;
/// Four slots of the day.
const HOURS: [u32; 4] = [10, 12, 14, 16];
/// Longer than anything takes on a machine that is not stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// One request, as it may be sent again.
#[derive(Clone)]
struct Asked {
    api: Api,
    key: String,
    body: Value,
}

impl Asked {
    fn of(customer: &Customer, server: &Server, hour: u32) -> Self {
        let token = customer.session["access_token"].as_str().unwrap();
        Self {
            api: server.api().with_token(token),
            key: key(),
            body: goods::booking(&goods::at(DAY, hour)),
        }
    }

    /// Asks until there is an answer; a twin at work and a database that is away are none.
    async fn answer(&self) -> (u16, Value) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let request = self
                .api
                .request(reqwest::Method::POST, "/api/v1/appointments")
                .header("Idempotency-Key", &self.key)
                .json(&self.body);
            if let Ok(answer) = self.api.try_send(request).await
                && !(answer.status == 503 || answer.body["code"] == "idempotency_in_progress")
            {
                return (answer.status, answer.body);
            }
            assert!(Instant::now() < deadline, "there is an answer at last");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn all(asked: &[Asked]) -> Vec<(u16, Value)> {
    let mut running = JoinSet::new();
    for (n, one) in asked.iter().cloned().enumerate() {
        running.spawn(async move { (n, one.answer().await) });
    }
    let mut answers = BTreeMap::new();
    while let Some(done) = running.join_next().await {
        let (n, answer) = done.unwrap();
        answers.insert(n, answer);
    }
    answers.into_values().collect()
}

fn day() -> String {
    goods::at(DAY, 10)[..10].to_owned()
}

fn ids(answers: &[(u16, Value)]) -> BTreeSet<String> {
    let made = answers.iter().filter(|(status, _)| *status == 201);
    made.map(|(_, body)| body["id"].as_str().unwrap().to_owned())
        .collect()
}

/// What stands in the database of that day is what was acknowledged, whole, and counted in its slots.
async fn is_true(db: &Database, acknowledged: &BTreeSet<String>) {
    let day = day();
    let there = db
        .texts(&format!(
            "SELECT LOWER(HEX(id)) FROM appointments WHERE slot_date = '{day}'"
        ))
        .await;
    let there: BTreeSet<String> = there
        .iter()
        .map(|id| id.parse::<uuid::Uuid>().unwrap().to_string())
        .collect();
    assert_eq!(
        &there, acknowledged,
        "what was acknowledged is there, and nothing else"
    );
    let count = i64::try_from(there.len()).unwrap();
    let booked = format!("appointments a WHERE a.slot_date = '{day}'");
    for (what, sql) in [
        (
            "places",
            format!("SELECT CAST(SUM(taken) AS SIGNED) FROM slots WHERE date = '{day}'"),
        ),
        (
            "messages",
            format!(
                "SELECT COUNT(*) FROM messages m WHERE m.code = 'appointment_booked' AND m.appointment_id IN (SELECT id FROM {booked})"
            ),
        ),
    ] {
        assert_eq!(db.count(&sql).await, count, "{what}");
    }
    let mut orders = 0;
    for month in db
        .texts("SELECT CAST(month AS CHAR) FROM order_months")
        .await
    {
        orders += db
            .count(&format!("SELECT COUNT(*) FROM orders_{month} o WHERE o.appointment_id IN (SELECT id FROM {booked})"))
            .await;
    }
    assert_eq!(orders, count, "orders");
    let oversold = "SELECT COUNT(*) FROM slots WHERE taken > capacity";
    assert_eq!(db.count(oversold).await, 0, "no slot is oversold");
}

/// Each booking was put into the change feed once, and a device gets it.
async fn is_in_the_feed(town: &Town, acknowledged: &BTreeSet<String>) {
    let db = &town.world.database;
    let deadline = Instant::now() + PATIENCE;
    while db.count("SELECT COUNT(*) FROM sync_outbox").await > 0 {
        assert!(Instant::now() < deadline, "everything gets its number");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let logged = format!(
        "SELECT COUNT(*) FROM sync_log WHERE kind = 'appointment' AND entity_id IN (SELECT id FROM appointments WHERE slot_date = '{}')",
        day()
    );
    assert_eq!(
        db.count(&logged).await,
        i64::try_from(acknowledged.len()).unwrap(),
        "each once"
    );
    let (desk, mut replica) = (town.desk("station1").await, Replica::default());
    replica.pull(&desk).await.unwrap();
    for id in acknowledged {
        assert!(
            replica.get("appointment", id).is_some(),
            "{id} is at the depot"
        );
    }
}

async fn customers(world: &World, count: usize) -> Vec<Customer> {
    let mut customers = Vec::new();
    for n in 0..count {
        customers.push(Customer::login(world, &format!("many{n}")).await);
    }
    customers
}

async fn places(db: &Database, capacity: u32) {
    db.execute(&format!("UPDATE slot_templates SET capacity = {capacity}"))
        .await;
    db.execute(&format!("DELETE FROM slots WHERE date = '{}'", day()))
        .await;
}

async fn two_hundred_at_once(engine: Engine) {
    let town = Town::start(engine).await;
    let (db, capacity) = (&town.world.database, 7);
    places(db, capacity).await;
    let second = town
        .world
        .server
        .setup()
        .clone()
        .with("HUISHOU_BOOKING_BATCH", "16")
        .start()
        .await;
    let servers = [&town.world.server, &second];
    let customers = customers(&town.world, 8).await;
    let mut asked: Vec<Asked> = Vec::new();
    for n in 0..200 {
        let mut one = Asked::of(&customers[n % 8], servers[n % 2], HOURS[n / 2 % 4]);
        match n % 20 {
            // A twin of the one before, at the other server, and one at the same.
            7 | 8 => {
                one = asked[n - 1].clone();
                if n % 20 == 7 {
                    let token = customers[(n - 1) % 8].session["access_token"]
                        .as_str()
                        .unwrap();
                    one.api = servers[n % 2].api().with_token(token);
                }
            }
            13 => one.body["contact"]["phone"] = json!("12345"),
            17 => one.body["appointment_time"] = json!(goods::at(DAY, 3)),
            _ => {}
        }
        asked.push(one);
    }
    let answers = all(&asked).await;
    for (n, (status, body)) in answers.iter().enumerate() {
        match n % 20 {
            13 | 17 => assert_eq!(*status, 422, "{n}: {body}"),
            7 | 8 => assert_eq!(
                (*status, &body["id"]),
                (answers[n - 1].0, &answers[n - 1].1["id"]),
                "{n}: twins get one answer"
            ),
            _ if *status == 409 => assert_eq!(body["code"], "slot_full", "{n}"),
            _ => assert_eq!(*status, 201, "{n}: {body}"),
        }
    }
    let made = ids(&answers);
    assert_eq!(
        made.len(),
        HOURS.len() * capacity as usize,
        "every place was sold"
    );
    is_true(db, &made).await;
    is_in_the_feed(&town, &made).await;
    let again = all(&asked).await;
    for (n, (first, again)) in answers.iter().zip(&again).enumerate() {
        assert_eq!(
            (first.0, &first.1["id"], &first.1["code"]),
            (again.0, &again.1["id"], &again.1["code"]),
            "{n}: the first answer again"
        );
    }
    let mut other = asked[0].clone();
    other.body["note"] = json!("另一个");
    assert_eq!(other.answer().await.1["code"], "idempotency_mismatch");
    is_true(db, &made).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_at_once_over_two_servers_are_never_oversold_on_mariadb() {
    two_hundred_at_once(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_at_once_over_two_servers_are_never_oversold_on_mysql() {
    two_hundred_at_once(Engine::Mysql56).await;
}

async fn database_killed(engine: Engine) {
    let mut dedicated = Dedicated::start(engine);
    let world = World::on(dedicated.database().await, |setup| setup).await;
    places(&world.database, 1_000).await;
    let customers = customers(&world, 8).await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut running = JoinSet::new();
    for n in 0..24 {
        let rounds: Vec<Asked> = (0..8)
            .map(|m| Asked::of(&customers[n % 8], &world.server, HOURS[(n + m) % 4]))
            .collect();
        let acknowledged = Arc::clone(&acknowledged);
        running.spawn(async move {
            let mut answers = Vec::new();
            for one in &rounds {
                answers.push(one.answer().await);
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            (rounds, answers)
        });
    }
    let deadline = Instant::now() + PATIENCE;
    for so_many in [30, 90] {
        while acknowledged.load(Ordering::SeqCst) < so_many {
            assert!(Instant::now() < deadline, "bookings go on");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        dedicated.kill();
        dedicated.restart();
    }
    let (mut asked, mut answers) = (Vec::new(), Vec::new());
    while let Some(done) = running.join_next().await {
        let (rounds, answered) = done.unwrap();
        asked.extend(rounds);
        answers.extend(answered);
    }
    assert!(
        answers.iter().all(|(status, _)| *status == 201),
        "all come through in the end"
    );
    let made = ids(&answers);
    assert_eq!(made.len(), asked.len(), "a booking a key");
    is_true(&world.database, &made).await;
    assert_eq!(
        ids(&all(&asked).await),
        made,
        "and the same when asked again"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_once_after_the_database_was_killed_mariadb() {
    database_killed(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_once_after_the_database_was_killed_mysql() {
    database_killed(Engine::Mysql56).await;
}

on_each_database! {
    async fn customers_who_go_away_spoil_nothing(db) {
        let town = Town::on(blackbox::database(db.engine()).await, |setup| setup).await;
        places(&town.world.database, 1_000).await;
        let customers = customers(&town.world, 4).await;
        let mut asked: Vec<Asked> = Vec::new();
        for n in 0..48 {
            asked.push(Asked::of(&customers[n % 4], &town.world.server, HOURS[n % 4]));
        }
        for (n, one) in asked.iter().cloned().enumerate() {
            let gone = tokio::spawn(async move { one.answer().await });
            if n % 8 == 7 {
                // Some are being read, some checked, some written by now.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            if n % 3 != 0 {
                gone.abort();
            }
        }
        let answers = all(&asked).await;
        assert!(answers.iter().all(|(status, _)| *status == 201));
        let made = ids(&answers);
        assert_eq!(made.len(), asked.len());
        is_true(&town.world.database, &made).await;
    }

    async fn a_server_that_is_told_to_stop_writes_and_answers_what_it_has_begun(db) {
        let mut world = World::on(blackbox::database(db.engine()).await, |setup| setup).await;
        places(&world.database, 1_000).await;
        let customers = customers(&world, 4).await;
        let mut running = JoinSet::new();
        for n in 0..48 {
            let one = Asked::of(&customers[n % 4], &world.server, HOURS[n % 4]);
            running.spawn(async move {
                let request = one.api.request(reqwest::Method::POST, "/api/v1/appointments").header("Idempotency-Key", &one.key).json(&one.body);
                one.api.try_send(request).await
            });
        }
        let first = running.join_next().await.unwrap().unwrap().unwrap();
        assert_eq!(first.status, 201);
        assert!(world.server.stop().await.success());
        let mut answers = vec![(first.status, first.body)];
        while let Some(done) = running.join_next().await {
            if let Ok(answer) = done.unwrap() {
                answers.push((answer.status, answer.body));
            }
        }
        assert!(answers.iter().all(|(status, _)| matches!(status, 201 | 503)), "whoever got in is answered");
        is_true(&world.database, &ids(&answers)).await;
    }
}
