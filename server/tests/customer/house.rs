//! The server as a house: what it says without a database, what it counts and logs, how it stops, and that the
//! published interface is the one that is served.

use super::support::{Town, app, ids, serve};
use blackbox::{Engine, World, goods, on_each_database};
use huishou_server::{problem::Problem, write_tx};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_the_server_lives_says_so_and_asks_for_patience() {
    let db = blackbox::database(Engine::MariaDb).await;
    let away = [
        ("HUISHOU_DATABASE_URL", "mysql://root@127.0.0.1:9/x"),
        ("HUISHOU_DATABASE_ACQUIRE_TIMEOUT", "1"),
    ];
    let api = serve(app(&db, &away)).await;
    assert_eq!(api.get("/healthz").await.expect(200)["status"], "alive");
    assert_eq!(
        api.get("/readyz").await.expect(503)["checks"]["database"]["state"],
        "down"
    );
    let answer = api
        .get(&format!("/api/v1/price-book?city={}", goods::CITY))
        .await;
    assert_eq!(answer.expect_problem(503), "database_unavailable");
    assert!(!answer.header("retry-after").is_empty());
}

on_each_database! {
    async fn ready_means_reachable_and_up_to_date(db) {
        let api = serve(app(db, &[])).await;
        let behind = api.get("/readyz").await;
        assert!(behind.expect(503)["checks"]["database"]["state"].as_str().unwrap().contains("migrate"), "{}", behind.text);
        let town = Town::on(db, 8).await;
        assert_eq!(town.api.get("/readyz").await.expect(200)["checks"]["database"]["state"], "up");
    }

    async fn two_writes_that_deadlock_both_succeed(db) {
        let town = Town::on(db, 8).await;
        db.execute("CREATE TABLE pair (id INT PRIMARY KEY, n INT NOT NULL) ENGINE=InnoDB").await;
        db.execute("INSERT INTO pair VALUES (1, 0), (2, 0)").await;
        let meet = std::sync::Arc::new(tokio::sync::Barrier::new(2));
        let mut writers = Vec::new();
        for order in [[1, 2], [2, 1]] {
            let (app, meet) = (town.app.clone(), meet.clone());
            writers.push(tokio::spawn(async move {
                let mut tries = 0;
                let tries = &mut tries;
                let done: Result<u32, Problem> = write_tx!(&app.db, |tx| {
                    *tries += 1;
                    let add = "UPDATE pair SET n = n + 1 WHERE id = ?";
                    sqlx::query(add).bind(order[0]).execute(tx.conn()).await.map_err(huishou_server::store::StoreError::from)?;
                    if *tries == 1 { meet.wait().await; }
                    sqlx::query(add).bind(order[1]).execute(tx.conn()).await.map_err(huishou_server::store::StoreError::from)?;
                    Ok(*tries)
                });
                done.unwrap()
            }));
        }
        let mut tries = 0;
        for writer in writers { tries += writer.await.unwrap(); }
        assert_eq!(db.texts("SELECT CONCAT(id, ' ', n) FROM pair ORDER BY id").await, ["1 2", "2 2"], "each write exactly once");
        assert!(tries >= 3, "one of them was asked again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_name_routes_and_logs_name_nobody() {
    let mut world = World::start(Engine::MariaDb).await;
    let customer = blackbox::Customer::login(&world, "wang").await;
    customer.give_phone("13811112222").await.expect(200);
    let visit = customer.book(&goods::at(1, 10)).await;
    let path = format!("/api/v1/appointments/{}", visit["id"].as_str().unwrap());
    customer.api.get(&path).await.expect(200);
    customer
        .api
        .get("/api/v1/appointments?contact=13811112222")
        .await
        .expect(200);
    let metrics = world.server.api().get("/metrics").await.text;
    let line = "http_requests_total{method=\"GET\",endpoint=\"/api/v1/appointments/{id}\",status=\"200\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    assert!(metrics.contains("http_request_duration_seconds_bucket{"));
    assert!(
        world.server.stop().await.success(),
        "SIGTERM drains and ends well"
    );
    let log = world.server.process().log();
    let secrets = [
        "13811112222",
        "13800002046",
        "王女士",
        "文三路",
        "sandbox:wang",
        "openid",
        visit["id"].as_str().unwrap(),
        customer.session["access_token"].as_str().unwrap(),
        customer.session["refresh_token"].as_str().unwrap(),
    ];
    for secret in secrets {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
    let line: Value = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|line| line["fields"]["route"] == "/api/v1/appointments/{id}")
        .expect("a JSON line a request");
    for field in ["method", "status", "ms", "request_id"] {
        assert!(!line["fields"][field].is_null(), "{field} in {line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_not_for_who_comes_through_a_proxy() {
    let db = blackbox::database(Engine::MariaDb).await;
    let direct = serve(app(&db, &[])).await;
    assert_eq!(direct.get("/metrics").await.status, 200);
    for name in [
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Real-IP",
    ] {
        let request = direct.request(reqwest::Method::GET, "/metrics");
        let answer = direct.send(request.header(name, "127.0.0.1")).await;
        assert_eq!(answer.expect_problem(404), "route_not_found", "{name}");
    }
    let proxied = serve(app(&db, &[("HUISHOU_TRUSTED_PROXIES", "10.0.0.0/8")])).await;
    let answer = proxied.get("/metrics").await;
    assert_eq!(answer.expect_problem(404), "route_not_found");
}

/// Keys of an object.
fn keys(value: &Value) -> BTreeSet<String> {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("an object: {value}"));
    object.keys().cloned().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_is_what_is_served() {
    let db = blackbox::database(Engine::MariaDb).await;
    let town = Town::on(&db, 8).await;
    let wang = town.customer("wang").await;
    let document = town.api.get("/openapi.json").await.expect(200).clone();
    let shape = |name: &str| document["components"]["schemas"][name].clone();
    let visit = wang.book().await;
    let (id, order) = ids(&visit);
    let read = |path: String| {
        let api = wang.api.clone();
        async move { api.get(&path).await.expect(200).clone() }
    };
    let estimate = json!({"city": goods::CITY, "items": goods::iron("3")});
    let quote = town
        .api
        .post("/api/v1/quotes", &estimate)
        .await
        .expect(200)
        .clone();
    let slots = format!(
        "/api/v1/slots?division={}&date={}",
        goods::DISTRICT,
        goods::tomorrow()
    );
    let answers = [
        (
            "AppointmentShape",
            read(format!("/api/v1/appointments/{id}")).await,
        ),
        ("AppointmentShape", visit.clone()),
        ("OrderShape", read(format!("/api/v1/orders/{order}")).await),
        ("QuoteShape", quote.clone()),
        ("LineShape", quote["lines"][0].clone()),
        ("UserShape", read("/api/v1/me".into()).await),
        (
            "MessageShape",
            read("/api/v1/messages".into()).await["items"][0].clone(),
        ),
        (
            "CategoryShape",
            read("/api/v1/categories".into()).await["items"][0].clone(),
        ),
        (
            "PriceBookShape",
            read(format!("/api/v1/price-book?city={}", goods::CITY)).await,
        ),
        ("Offer", read(slots).await["items"][0].clone()),
        (
            "ProblemShape",
            wang.api
                .post("/api/v1/quotes", &json!({}))
                .await
                .body
                .clone(),
        ),
    ];
    for (name, answer) in answers {
        let described = keys(&shape(name)["properties"]);
        assert!(answer.is_object(), "{name}: {answer}");
        let unknown: Vec<_> = keys(&answer).difference(&described).cloned().collect();
        assert!(unknown.is_empty(), "{name} does not describe {unknown:?}");
        for required in shape(name)["required"].as_array().into_iter().flatten() {
            assert!(
                answer.get(required.as_str().unwrap()).is_some(),
                "{name} without {required}"
            );
        }
    }
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(
                operation["responses"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .any(|s| s.starts_with('4')),
                "{method} {path} names no problem"
            );
        }
    }
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(shape(name).is_object(), "{name} is named and not described");
    }
    let page = town.api.get("/docs").await;
    page.expect(200);
    assert!(
        !page.text.contains("http://") && !page.text.contains("https://"),
        "nothing comes from elsewhere"
    );
}
