//! More than can be worked on: customers wait a little or are told to come again; health, signing in and staff go on.

use blackbox::{Customer, Desk, Engine, Town, database};
use serde_json::json;
use sqlx::Executor;
use tokio::{
    task::JoinSet,
    time::{Duration, timeout},
};

const PATIENCE: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_overload_health_logins_and_staff_are_answered_and_the_rest_is_told_at_once() {
    let town = Town::on(database(Engine::MariaDb).await, |setup| {
        setup
            .with("HUISHOU_GUARD_AT_ONCE", "2")
            .with("HUISHOU_GUARD_QUEUE", "3")
            .with("HUISHOU_GUARD_QUEUE_MILLIS", "600000")
            .with("HUISHOU_REQUEST_TIMEOUT", "600")
    })
    .await;
    let wang = Customer::login(&town.world, "wang").await;
    let admin = town.desk("admin").await;
    let pairing = town.pairing_code().await;
    let mut lock = town.world.database.pool().acquire().await.unwrap();
    lock.execute("LOCK TABLES appointments WRITE")
        .await
        .unwrap();

    let mut calls = JoinSet::new();
    for _ in 0..12 {
        let api = wang.api.clone();
        calls.spawn(async move { api.get("/api/v1/appointments").await });
    }
    for _ in 0..7 {
        let told = timeout(PATIENCE, calls.join_next())
            .await
            .expect("turned away");
        let told = told.unwrap().unwrap();
        assert_eq!(told.expect_problem(503), "overloaded");
        assert_eq!(told.header("retry-after"), "1");
    }
    town.api().get("/healthz").await.expect(200);
    town.api().get("/readyz").await.expect(200);
    let zhao = Customer::login(&town.world, "zhao").await;
    let again = json!({"refresh_token": zhao.session["refresh_token"]});
    town.api()
        .post("/api/v1/sessions/refresh", &again)
        .await
        .expect(200);
    let zhang = Desk::open(&town.api(), &pairing, "zhang", town.password()).await;
    zhang.api().get("/staff/v1/devices").await.expect(200);
    admin.api().get("/admin/v1/staff").await.expect(200);
    let estimate = zhao.api.get("/api/v1/me").await;
    assert_eq!(
        estimate.expect_problem(503),
        "overloaded",
        "customers' calls are what is shed"
    );

    lock.execute("UNLOCK TABLES").await.unwrap();
    while let Some(done) = calls.join_next().await {
        done.unwrap().expect(200);
    }
    wang.api.get("/api/v1/me").await.expect(200);
}
