//! All connections to the database in use: who may wait waits, the others are told at once, and it passes.

use blackbox::{Answer, Customer, Engine, Town, database};
use sqlx::Executor;
use tokio::{
    task::JoinSet,
    time::{Duration, timeout},
};

/// Longer than anything here takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(90);

async fn next(calls: &mut JoinSet<Answer>) -> Answer {
    let done = timeout(PATIENCE, calls.join_next()).await;
    done.expect("an answer while others wait")
        .expect("a call")
        .expect("no panic")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_house_is_told_at_once_while_health_goes_on_and_it_passes() {
    let town = Town::on(database(Engine::MariaDb).await, |setup| {
        setup
            .with("HUISHOU_DATABASE_MAX_CONNECTIONS", "4")
            .with("HUISHOU_DATABASE_MAX_WAITING", "4")
            .with("HUISHOU_DATABASE_ACQUIRE_TIMEOUT", "600")
            .with("HUISHOU_REQUEST_TIMEOUT", "600")
            .with("HUISHOU_GUARD_USER_RATE", "0")
    })
    .await;
    let wang = Customer::login(&town.world, "wang").await;
    let mut holder = town.world.database.pool().acquire().await.unwrap();
    holder
        .execute("LOCK TABLES appointments WRITE")
        .await
        .unwrap();

    let mut calls = JoinSet::new();
    for _ in 0..40 {
        let api = wang.api.clone();
        calls.spawn(async move { api.get("/api/v1/appointments").await });
    }
    // Four hold a connection and four wait, of these calls or of the server's own work.
    for _ in 0..32 {
        let told = next(&mut calls).await;
        assert_eq!(told.expect_problem(503), "database_busy");
        assert_eq!(told.header("retry-after"), "1");
    }
    town.api().get("/healthz").await.expect(200);
    let ready = town.api().get("/readyz").await;
    let connections = &ready.expect(200)["checks"]["database"]["connections"];
    assert_eq!(connections["in_use"], 4, "{}", ready.text);
    let metrics = town.api().get("/metrics").await.text;
    for name in [
        "database_busy_total{pool=\"primary\"}",
        "database_connections{pool=\"primary\",state=\"waiting\"}",
    ] {
        assert!(metrics.contains(name), "{name}:\n{metrics}");
    }

    holder.execute("UNLOCK TABLES").await.unwrap();
    while !calls.is_empty() {
        let answer = next(&mut calls).await;
        assert!(
            answer.status == 200 || answer.body["code"] == "database_busy",
            "{}",
            answer.text
        );
    }
    wang.book(&blackbox::goods::at(1, 14)).await;
    let seen = wang.api.get("/api/v1/appointments").await;
    assert_eq!(seen.expect(200)["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_connection_longer_than_the_setting_says() {
    let town = Town::on(database(Engine::Mysql56).await, |setup| {
        setup
            .with("HUISHOU_DATABASE_MAX_CONNECTIONS", "2")
            .with("HUISHOU_DATABASE_ACQUIRE_TIMEOUT", "1")
            .with("HUISHOU_REQUEST_TIMEOUT", "600")
            .with("HUISHOU_GUARD_USER_RATE", "0")
    })
    .await;
    let wang = Customer::login(&town.world, "wang").await;
    let mut holder = town.world.database.pool().acquire().await.unwrap();
    holder
        .execute("LOCK TABLES appointments WRITE")
        .await
        .unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        let api = wang.api.clone();
        calls.spawn(async move { api.get("/api/v1/appointments").await });
    }
    for _ in 0..8 {
        assert_eq!(
            next(&mut calls).await.expect_problem(503),
            "database_busy",
            "they waited in vain"
        );
    }
    holder.execute("UNLOCK TABLES").await.unwrap();
    wang.api.get("/api/v1/appointments").await.expect(200);
}
