//! Reads at a real replica: whoever has just written reads it, at whichever instance, while the replica is fresh, stopped,
//! dead and back.

use blackbox::{
    Api, Customer, Engine, Replicated, Server, Town,
    customer::{id, number, text},
    goods::at,
    proc::PATIENCE,
};
use serde_json::Value;
use std::time::Duration;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

/// A town on a replicated database, and another instance of the server.
async fn start(pair: &Replicated) -> (Town, Server) {
    let database = pair.database().await;
    let replica = pair.at(&database);
    let town = Town::on(database, |setup| {
        setup
            .with("HUISHOU_REPLICA_URLS", &replica)
            .with("HUISHOU_REPLICA_MAX_LAG", "2")
            // On a machine that is busy a replica is asked in vain too often.
            .with("HUISHOU_REPLICA_WAIT_MILLIS", "1000")
            .with("HUISHOU_REPLICA_CHECK_MILLIS", "100")
            .with("HUISHOU_GUARD_USER_RATE", "0")
            .with("HUISHOU_GUARD_ANONYMOUS_RATE", "0")
    })
    .await;
    let second = town.world.server.setup().start().await;
    for api in [town.api(), second.api()] {
        until_replica_is(&api, "up").await;
    }
    (town, second)
}

async fn until_replica_is(api: &Api, wanted: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let ready = api.get("/readyz").await;
        let state = ready.expect(200)["checks"]["replicas"][0]["state"].clone();
        if state == wanted {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "not {wanted} in time: {}",
            ready.text
        );
        sleep(Duration::from_millis(20)).await;
    }
}

/// How many reads a replica has answered.
async fn at_replica(api: &Api) -> u64 {
    let metrics = api.get("/metrics").await;
    let line = metrics
        .text
        .lines()
        .find(|line| line.starts_with("database_reads_total{at=\"replica\"}"));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
        .unwrap_or(0)
}

/// Books here, looks there, calls off here, looks there: each time what has just been done is seen.
async fn write_and_read(here: &Customer, there: &Api, times: usize) {
    for n in 0..times {
        let made = here.book(&at(1 + n as u64 % 20, 14)).await;
        let seen = there.get("/api/v1/appointments").await;
        assert_eq!(
            id(&seen.expect(200)["items"][0]),
            id(&made),
            "the list begins with what was booked a moment ago"
        );
        let (visit, order) = (id(&made), text(&made, "order_id"));
        let one = format!("/api/v1/appointments/{visit}");
        assert_eq!(there.get(&one).await.expect(200)["status"], 0);
        there
            .get(&format!("/api/v1/orders/{order}"))
            .await
            .expect(200);
        here.try_cancel(visit, number(&made, "version"))
            .await
            .expect(200);
        let seen = there.get(&one).await;
        assert_eq!(seen.expect(200)["status"], 3, "it has just been called off");
        let news = there.get("/api/v1/messages").await;
        assert_eq!(
            news.expect(200)["items"][0]["code"],
            Value::from("appointment_cancelled")
        );
    }
}

async fn everybody_reads_what_they_wrote(engine: Engine) {
    let pair = Replicated::start(engine).await;
    let (town, second) = start(&pair).await;
    let mut people = JoinSet::new();
    for n in 0..4 {
        let here = Customer::login(&town.world, &format!("customer{n}")).await;
        let there = if n % 2 == 0 { &here.api } else { &second.api() };
        let token = text(&here.session, "access_token");
        let there = there.with_token(token);
        people.spawn(async move { write_and_read(&here, &there, 12).await });
    }
    while let Some(done) = people.join_next().await {
        done.expect("each read what was written");
    }
    for api in [town.api(), second.api()] {
        assert!(at_replica(&api).await > 0, "the replica answers reads");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_just_written_reads_it_at_any_instance_mariadb() {
    everybody_reads_what_they_wrote(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_just_written_reads_it_at_any_instance_mysql56() {
    everybody_reads_what_they_wrote(Engine::Mysql56).await;
}

async fn a_replica_may_stand_still_or_die(engine: Engine) {
    let mut pair = Replicated::start(engine).await;
    let (town, second) = start(&pair).await;
    let wang = Customer::login(&town.world, "wang").await;
    let there = second.api().with_token(text(&wang.session, "access_token"));

    pair.stop_applying().await;
    write_and_read(&wang, &there, 2).await;
    until_replica_is(&there, "lagging").await;
    let answered = at_replica(&second.api()).await;
    write_and_read(&wang, &there, 5).await;
    assert_eq!(
        at_replica(&second.api()).await,
        answered,
        "what stands still answers nothing"
    );

    pair.go_on_applying().await;
    until_replica_is(&there, "up").await;
    write_and_read(&wang, &there, 5).await;
    assert!(
        at_replica(&second.api()).await > answered,
        "it has caught up and answers again"
    );

    let loop_of_reads = {
        let (wang, there) = (wang.clone(), there.clone());
        tokio::spawn(async move { write_and_read(&wang, &there, 15).await })
    };
    pair.kill_replica();
    loop_of_reads
        .await
        .expect("its death is nobody's concern: no read failed, none was old");
    until_replica_is(&there, "down").await;

    pair.restart_replica();
    until_replica_is(&there, "up").await;
    let answered = at_replica(&second.api()).await;
    write_and_read(&wang, &there, 5).await;
    assert!(at_replica(&second.api()).await > answered, "it is back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_stands_still_or_dies_is_left_out_and_comes_back_mariadb() {
    a_replica_may_stand_still_or_die(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_stands_still_or_dies_is_left_out_and_comes_back_mysql56() {
    a_replica_may_stand_still_or_die(Engine::Mysql56).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_replicates_nothing_of_ours_answers_nothing() {
    let pair = Replicated::start(Engine::MariaDb).await;
    let database = pair.database().await;
    // The same schema with a history of its own, further on than ours: an older copy, or another shop's.
    let stranger = blackbox::Dedicated::start_with(
        Engine::MariaDb,
        &["server_id=9", "log_bin=bin", "gtid_domain_id=0"],
    );
    let other = stranger.database().await;
    let migrated = blackbox::server::Setup::on(&other)
        .run(&["migrate"], "")
        .await;
    let _ = migrated.expect_success();
    other
        .execute("SET GLOBAL gtid_slave_pos = '0-1-1000000'")
        .await;
    let url = other.url();
    let town = Town::on(database, |setup| {
        setup
            .with("HUISHOU_REPLICA_URLS", &url)
            .with("HUISHOU_REPLICA_CHECK_MILLIS", "50")
    })
    .await;
    let wang = Customer::login(&town.world, "wang").await;
    write_and_read(&wang, &wang.api, 3).await;
    until_replica_is(&town.api(), "lagging").await;
    assert_eq!(at_replica(&town.api()).await, 0);
}
