//! A database whose binlog is in statement form: READ COMMITTED writes would be refused and replicas would differ, so
//! the server says so and does not start; switched while it runs, it is not ready until it is switched back.

use blackbox::db::Dedicated;
use blackbox::proc::Process;
use blackbox::server::Setup;
use blackbox::{Customer, Database, Engine, Town};
use serde_json::{Value, json};

/// A database server of the test's own with its binlog on.
fn logging(engine: Engine, format: &str) -> Dedicated {
    let format = format!("binlog_format={format}");
    Dedicated::start_with(engine, &["log_bin=binlog", "server_id=1", &format])
}

async fn state(town: &Town, status: u16) -> Value {
    let answer = town.api().get("/readyz").await;
    answer.expect(status)["checks"]["database"]["state"].clone()
}

async fn switch(database: &Database, format: &str) {
    database
        .execute(&format!("SET GLOBAL binlog_format = '{format}'"))
        .await;
}

async fn refuses(setup: &Setup, command: &str) -> String {
    let done = setup.run(&[command], "").await;
    assert!(!done.status.success(), "{command} went on: {}", done.stdout);
    assert!(!done.stdout.contains("listening"), "{}", done.stdout);
    let said = done.stderr;
    assert!(
        said.contains("binlog_format is STATEMENT; set it to ROW or MIXED"),
        "{command}: {said}"
    );
    assert!(!said.contains("panicked"), "{said}");
    said
}

async fn statement_form_is_refused(engine: Engine) {
    let server = logging(engine, "STATEMENT");
    let database = server.database().await;
    assert_eq!(
        database
            .count("SELECT CAST(@@global.log_bin AS SIGNED)")
            .await,
        1,
        "the binlog is on"
    );
    let setup = Setup::on(&database);
    let _ = refuses(&setup, "serve").await;
    let _ = refuses(&setup, "migrate").await;
    let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()";
    assert_eq!(database.count(tables).await, 0, "nothing was begun");
    for format in ["MIXED", "ROW"] {
        switch(&database, format).await;
        let _ = setup.run(&["migrate"], "").await.expect_success();
        let mut running = setup.start().await;
        assert_eq!(
            running.api().get("/readyz").await.expect(200)["status"],
            "ready",
            "{format}"
        );
        assert!(running.stop().await.success());
        // Also with the schema in place it does not start on a log of statements.
        switch(&database, "STATEMENT").await;
        let said = refuses(&setup, "serve").await;
        println!("{engine}: {}", said.trim());
    }
}

async fn row_and_mixed_are_taken(engine: Engine) {
    for format in ["ROW", "MIXED"] {
        let server = logging(engine, format);
        let town = Town::on(server.database().await, |setup| setup).await;
        assert_eq!(state(&town, 200).await, "up", "{format}");
        let customer = Customer::login(&town.world, "wang").await;
        let visit = customer.book(&blackbox::goods::at(2, 10)).await;
        assert_eq!(visit["status"], json!(0), "{format}: {visit}");
    }
}

async fn switched_while_it_runs(engine: Engine) {
    let server = logging(engine, "ROW");
    let mut town = Town::on(server.database().await, |setup| setup).await;
    let customer = Customer::login(&town.world, "wang").await;
    let (api, mut wrong) = (town.api(), 0);
    for (round, good) in (0..).zip(["ROW", "MIXED", "ROW"]) {
        switch(&town.world.database, "STATEMENT").await;
        let said = state(&town, 503).await;
        assert_eq!(said, "binlog_format is STATEMENT; set it to ROW or MIXED");
        // Connections begun now would keep the wrong form: many at once make the pool open some.
        let logins = (0..24).map(|n| {
            let (api, name) = (api.clone(), format!("late{round}x{n}"));
            async move {
                api.post(
                    "/api/v1/sessions",
                    &json!({"code": format!("sandbox:{name}#{round}")}),
                )
                .await
                .status
            }
        });
        for login in logins.map(tokio::spawn).collect::<Vec<_>>() {
            let status = login.await.unwrap();
            assert!(
                matches!(status, 200 | 201 | 503),
                "a write is done or to be tried again: {status}"
            );
            wrong += u32::from(status == 503);
        }
        switch(&town.world.database, good).await;
        assert_eq!(state(&town, 200).await, "up", "{good}");
        for n in 0..30 {
            let code = format!("sandbox:back{round}x{n}#{round}");
            let answer = api.post("/api/v1/sessions", &json!({"code": code})).await;
            assert!(
                answer.status < 300,
                "no connection with the old form is left: {}",
                answer.text
            );
        }
        let _ = customer.book(&blackbox::goods::at(2 + round, 10)).await;
    }
    assert!(wrong > 0, "some connections had the wrong form");
    println!("{engine}: {wrong} writes were told to come again");
    let process: &mut Process = town.world.server.process();
    assert!(process.is_running());
    assert!(!process.log().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_of_statements_is_refused_at_the_start_mariadb() {
    statement_form_is_refused(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_of_statements_is_refused_at_the_start_mysql56() {
    statement_form_is_refused(Engine::Mysql56).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_of_rows_and_mixed_ones_are_taken_mariadb() {
    row_and_mixed_are_taken(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_of_rows_and_mixed_ones_are_taken_mysql56() {
    row_and_mixed_are_taken(Engine::Mysql56).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switched_while_it_runs_the_server_is_not_ready_until_it_is_switched_back_mariadb() {
    switched_while_it_runs(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switched_while_it_runs_the_server_is_not_ready_until_it_is_switched_back_mysql56() {
    switched_while_it_runs(Engine::Mysql56).await;
}
