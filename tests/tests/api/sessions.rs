//! Tokens at two servers of one database: keys replaced one after the other, sessions that end at both.

use blackbox::{Answer, Api, Database, Engine, Server, Town, World, customer::text, database};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const OLD: &str = "the old secret, the old secret, the old secret";
const NEW: &str = "the new secret, the new secret, the new secret";
const PATIENCE: Duration = Duration::from_secs(60);

async fn two(database: Database, keys: [(&str, &str); 2]) -> (Town, Server) {
    let [first, second] = keys;
    let town = Town::on(database, |setup| {
        setup
            .with("HUISHOU_TOKEN_KEY", first.0)
            .with("HUISHOU_TOKEN_KEY_PREVIOUS", first.1)
    })
    .await;
    let setup = town.world.server.setup().clone();
    let setup = setup
        .with("HUISHOU_TOKEN_KEY", second.0)
        .with("HUISHOU_TOKEN_KEY_PREVIOUS", second.1);
    let second = setup.start().await;
    (town, second)
}

async fn log_in(api: &Api, name: &str) -> Answer {
    let code = format!("sandbox:{name}#{}", uuid::Uuid::now_v7().simple());
    api.post("/api/v1/sessions", &json!({ "code": code })).await
}

async fn me(api: &Api, session: &serde_json::Value) -> Answer {
    let token = text(session, "access_token");
    api.with_token(token).get("/api/v1/me").await
}

/// Asks until the session is over there.
async fn ends(api: &Api, session: &serde_json::Value) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = me(api, session).await;
        if answer.status == 401 {
            assert_eq!(answer.expect_problem(401), "session_ended");
            return;
        }
        answer.expect(200);
        assert!(
            Instant::now() < deadline,
            "the session's token is still taken"
        );
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_replaced_instance_by_instance_and_nobody_is_signed_out() {
    let (town, second) = two(database(Engine::MariaDb).await, [(OLD, NEW), (NEW, OLD)]).await;
    let (first, second) = (town.api(), second.api());
    for here in [&first, &second] {
        let session = log_in(here, "wang").await.expect(200).clone();
        for there in [&first, &second] {
            me(there, &session).await.expect(200);
        }
    }
    let alone = town.world.server.setup().clone();
    let alone = alone
        .with("HUISHOU_TOKEN_KEY", NEW)
        .with("HUISHOU_TOKEN_KEY_PREVIOUS", "");
    let alone = alone.start().await;
    let of_old = log_in(&first, "wang").await.expect(200).clone();
    let of_new = log_in(&second, "wang").await.expect(200).clone();
    assert_eq!(
        me(&alone.api(), &of_old).await.expect_problem(401),
        "invalid_token"
    );
    me(&alone.api(), &of_new).await.expect(200);
}

blackbox::on_each_database! {
    async fn a_session_that_ended_at_one_instance_is_over_at_all_and_stays_so(db) {
        let world = World::start(db.engine()).await;
        let mut second = world.server.setup().start().await;
        let (here, there) = (world.server.api(), second.api());

        let left = log_in(&here, "wang").await.expect(200).clone();
        let stays = log_in(&here, "wang").await.expect(200).clone();
        me(&there, &left).await.expect(200);
        let token = text(&left, "access_token");
        here.with_token(token).delete("/api/v1/sessions").await.expect(204);
        assert_eq!(me(&here, &left).await.expect_problem(401), "session_ended", "here at once");
        ends(&there, &left).await;

        let stolen = log_in(&here, "zhao").await.expect(200).clone();
        let refresh = json!({"refresh_token": stolen["refresh_token"]});
        let successor = here.post("/api/v1/sessions/refresh", &refresh).await.expect(200).clone();
        let again = there.post("/api/v1/sessions/refresh", &refresh).await;
        assert_eq!(again.expect_problem(401), "refresh_reused");
        for api in [&here, &there] {
            ends(api, &stolen).await;
            ends(api, &successor).await;
            me(api, &stays).await.expect(200);
        }

        second.restart().await;
        let there = second.api();
        assert_eq!(me(&there, &left).await.expect_problem(401), "session_ended", "a new process knows");
        me(&there, &stays).await.expect(200);
    }
}
