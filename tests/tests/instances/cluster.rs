//! Two servers on the two nodes of a Galera cluster: a device that asks the node behind what it has seen already is
//! kept waiting a moment and never sent back to the start, and two sequencers that learn of each other only at COMMIT
//! give every change one number.

use super::Load;
use blackbox::{
    Cluster, Customer, Desk, Dispatch, Server, Town,
    cluster::HeldBack,
    customer::{id, text},
    goods::at,
    http::Answer,
    proc::PATIENCE,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The demo city on the first node, and a second server on the second.
async fn town_on(cluster: &Cluster) -> (Town, Server) {
    let town = Town::on(cluster.database().await, |setup| setup).await;
    let there = cluster.at_second(&town.world.database);
    let setup = town.world.server.setup().clone();
    let other = setup.with("HUISHOU_DATABASE_URL", &there).start().await;
    (town, other)
}

/// A page for a device that knows the verdicts up to `confirmed`.
async fn page(desk: &Desk, cursor: Option<&str>, confirmed: i64) -> Answer {
    let request = json!({"cursor": cursor, "schema": 1, "confirmed": confirmed});
    desk.api().post("/sync/v1/pull", &request).await
}

/// Pulls until nothing is left; answers all that was put, and the cursor.
async fn pull(desk: &Desk, cursor: Option<&str>) -> (Vec<Value>, String) {
    let (mut puts, mut cursor) = (Vec::new(), cursor.map(str::to_owned));
    loop {
        let answer = page(desk, cursor.as_deref(), 0).await;
        let body = answer.expect(200);
        puts.extend(body["puts"].as_array().expect("puts").iter().cloned());
        let next = text(body, "cursor").to_owned();
        if body["complete"] == json!(true) {
            return (puts, next);
        }
        cursor = Some(next);
    }
}

/// Asks the second node's server, which has to wait until the node is let go; answers the page.
async fn asked_behind(
    cluster: &Cluster,
    held: HeldBack,
    there: Desk,
    cursor: String,
    confirmed: i64,
) -> Value {
    let asking = tokio::spawn(async move { page(&there, Some(&cursor), confirmed).await });
    let deadline = Instant::now() + PATIENCE;
    while !cluster
        .doing_of_second("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        .await
    {
        assert!(!asking.is_finished(), "a node that is behind was believed");
        assert!(
            Instant::now() < deadline,
            "it reads again what it lags behind in"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    held.let_go().await;
    let body = asking.await.expect("an answer").expect(200).clone();
    assert_eq!(body["reset"].as_array().map_or(0, Vec::len), 0, "{body}");
    assert_eq!(body["complete"], json!(true), "{body}");
    body
}

async fn numbered(town: &Town) -> i64 {
    let deadline = Instant::now() + PATIENCE;
    let waiting = "SELECT COUNT(*) FROM sync_outbox";
    while town.world.database.count(waiting).await > 0 {
        assert!(Instant::now() < deadline, "everything gets its number");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    town.world.database.count("SELECT seq FROM sync_head").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_ahead_of_the_node_it_asks_waits_for_it_and_is_not_reset() {
    let cluster = Cluster::start().await;
    let (town, other) = town_on(&cluster).await;
    let wang = Customer::login(&town.world, "wang").await;
    let mut dispatch = Dispatch::open(&town).await;
    let here = town.desk("zhang").await;
    let there = here.at(&other.api());
    let (_, begun) = pull(&here, None).await;
    let (_, begun) = pull(&there, Some(&begun)).await;
    let epoch = "SELECT CAST(epoch AS SIGNED) FROM sync_head";
    let before = town.world.database.count(epoch).await;

    // Ahead in what it has read.
    let held = HeldBack::second_of(&cluster).await;
    let first = wang.book(&at(1, 10)).await;
    dispatch.assign(id(&first), Some(here.staff_id())).await;
    let _ = numbered(&town).await;
    let (puts, ahead) = pull(&here, Some(&begun)).await;
    assert!(puts.iter().any(|put| put["id"] == first["id"]), "{puts:?}");
    let _ = asked_behind(&cluster, held, there.clone(), ahead, 0).await;

    // Ahead in what it has written, with a cursor that the node knows well.
    let (_, level) = pull(&there, Some(&begun)).await;
    let held = HeldBack::second_of(&cluster).await;
    let started = here.mutation(
        1,
        "appointment.start@1",
        &json!({"appointment_id": id(&first)}),
    );
    assert_eq!(here.push(&[started]).await[0]["outcome"], "applied");
    let told = asked_behind(&cluster, held, there, level, 1).await;
    assert_eq!(told["last_mutation"], json!(1), "{told}");
    let shown = told["puts"]
        .as_array()
        .expect("puts")
        .iter()
        .find(|put| put["id"] == first["id"]);
    assert_eq!(
        shown.expect("what was done")["body"]["status"],
        json!(4),
        "{told}"
    );
    assert_eq!(
        town.world.database.count(epoch).await,
        before,
        "the same history"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sequencers_on_two_nodes_give_every_change_one_number() {
    let cluster = Cluster::start().await;
    let (town, other) = town_on(&cluster).await;
    let servers = [town.api(), other.api()];
    let load = Load::on(&town, servers.clone()).await;
    load.goes_on(150, 10).await;
    load.settles([&servers[0], &servers[1]], &town.world.database)
        .await;
}
