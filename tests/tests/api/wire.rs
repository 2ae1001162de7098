//! The wire: what every answer tells browsers, how large a head and how deep a body may be, and what becomes of
//! connections that keep the server waiting.

use blackbox::{Customer, Engine, Server, Town, database};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

const PATIENCE: Duration = Duration::from_secs(60);
const ORIGIN: &str = "https://desk.example.com";

async fn town(settings: &[(&str, &str)]) -> Town {
    Town::on(database(Engine::MariaDb).await, |setup| {
        settings
            .iter()
            .fold(setup, |setup, (key, value)| setup.with(key, value))
    })
    .await
}

/// A connection that says what it likes.
async fn line(server: &Server) -> TcpStream {
    let address = server.url().trim_start_matches("http://");
    TcpStream::connect(address).await.expect("a connection")
}

/// Everything until the server hangs up.
async fn heard(line: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let read = timeout(PATIENCE, line.read_to_end(&mut all)).await;
    // A reset is an end like any other.
    let _ = read.expect("the server hangs up");
    String::from_utf8_lossy(&all).into_owned()
}

async fn metric(town: &Town, name: &str) -> u64 {
    let metrics = town.api().get("/metrics").await.text;
    let line = metrics.lines().find(|line| line.starts_with(name));
    line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_tells_browsers_to_take_it_for_what_it_is_and_to_keep_no_copy() {
    let town = town(&[("HUISHOU_GUARD_HSTS_SECONDS", "31536000")]).await;
    let wang = Customer::login(&town.world, "wang").await;
    let api = town.api();
    let answers = [
        api.get("/healthz").await,
        api.get("/no-such-route").await,
        api.get("/api/v1/me").await,
        wang.api.get("/api/v1/me").await,
        wang.api.get("/api/v1/appointments").await,
        api.get("/api/v1/price-book?city=330100").await,
        api.get("/docs").await,
        api.get("/openapi.json").await,
    ];
    for answer in &answers {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(
            answer.header("strict-transport-security"),
            "max-age=31536000"
        );
    }
    for personal in &answers[..5] {
        assert_eq!(personal.header("cache-control"), "no-store");
    }
    assert_eq!(
        answers[5].header("cache-control"),
        "no-cache",
        "to be asked again, with its tag"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_configured_origins_may_call_from_a_browser() {
    let town = town(&[(
        "HUISHOU_GUARD_CORS_ORIGINS",
        "https://a.example.com,https://desk.example.com",
    )])
    .await;
    let api = town.api();
    let from = async |origin: &str, path: &str| {
        api.send(api.request(Method::GET, path).header("Origin", origin))
            .await
    };
    for path in ["/api/v1/categories", "/api/v1/me", "/no-such-route"] {
        let answer = from(ORIGIN, path).await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            ORIGIN,
            "{path}"
        );
        assert!(
            answer
                .header("access-control-expose-headers")
                .contains("retry-after")
        );
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        let other = from("https://desk.example.com.evil.example", path).await;
        assert_eq!(other.header("access-control-allow-origin"), "", "{path}");
    }
    let ask = api
        .request(Method::OPTIONS, "/api/v1/appointments")
        .header("Origin", ORIGIN)
        .header("Access-Control-Request-Method", "POST")
        .header(
            "Access-Control-Request-Headers",
            "authorization,idempotency-key,content-type",
        );
    let asked = api.send(ask).await;
    asked.expect(200);
    assert!(
        asked
            .header("access-control-allow-methods")
            .contains("POST")
    );
    assert!(
        asked
            .header("access-control-allow-headers")
            .contains("idempotency-key")
    );

    let closed = self::town(&[]).await;
    let request = closed
        .api()
        .request(Method::GET, "/healthz")
        .header("Origin", ORIGIN);
    let answer = closed.api().send(request).await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "",
        "nobody by default"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_addresses_and_depths_have_their_measure() {
    let town = town(&[]).await;
    let api = town.api();
    let with = async |count: usize, size: usize| {
        let mut request = api.request(Method::GET, "/healthz");
        for n in 0..count {
            request = request.header(format!("x-filler-{n}"), "x".repeat(size));
        }
        api.send(request).await
    };
    with(40, 10).await.expect(200);
    assert_eq!(with(70, 1).await.expect_problem(431), "headers_too_large");
    assert_eq!(
        with(1, 20_000).await.expect_problem(431),
        "headers_too_large"
    );
    assert_eq!(with(1, 60_000).await.status, 431);
    let long = format!("/healthz?q={}", "x".repeat(9_000));
    assert_eq!(api.get(&long).await.expect_problem(414), "address_too_long");

    let nested = |depth: usize| (1..depth).fold(json!([]), |inside, _| Value::from(vec![inside]));
    let deep = api.post("/api/v1/quotes", &nested(64)).await;
    assert_eq!(deep.expect_problem(422), "validation_failed");
    let deeper = api.post("/api/v1/quotes", &nested(65)).await;
    assert_eq!(deeper.expect_problem(400), "json_too_deep");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_keeps_the_server_waiting_is_hung_up_on_and_others_notice_nothing() {
    let town = town(&[
        ("HUISHOU_GUARD_HEADER_SECONDS", "1"),
        ("HUISHOU_GUARD_SLOW_SECONDS", "1"),
        ("HUISHOU_GUARD_SLOW_RATE", "1000000"),
    ])
    .await;
    let server = &town.world.server;

    let mut slow_head = line(server).await;
    slow_head
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        .await
        .unwrap();
    assert_eq!(
        heard(&mut slow_head).await,
        "",
        "an unfinished head gets no answer"
    );
    assert!(metric(&town, "http_connections_closed_total{why=\"slow_head\"}").await >= 1);

    let mut slow_body = line(server).await;
    let head = "POST /api/v1/quotes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"a\"";
    slow_body.write_all(head.as_bytes()).await.unwrap();
    let answer = heard(&mut slow_body).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("body_too_slow"), "{answer}");
    assert!(
        answer.to_ascii_lowercase().contains("connection: close"),
        "{answer}"
    );

    let mut greedy = line(server).await;
    let calls = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(400);
    greedy.write_all(calls.as_bytes()).await.unwrap();
    let closed = async {
        while metric(&town, "http_connections_closed_total{why=\"slow_answer\"}").await == 0 {
            town.api().get("/healthz").await.expect(200);
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, closed)
        .await
        .expect("who takes no answer is hung up on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_end_and_make_room_for_new_ones() {
    let idle = town(&[("HUISHOU_GUARD_IDLE_SECONDS", "1")]).await;
    let mut quiet = line(&idle.world.server).await;
    let call = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    quiet.write_all(call).await.unwrap();
    assert!(
        heard(&mut quiet).await.starts_with("HTTP/1.1 200 "),
        "answered, then hung up on"
    );

    let small = town(&[("HUISHOU_GUARD_CONNECTIONS", "4")]).await;
    let mut lines = Vec::new();
    for _ in 0..12 {
        let mut line = line(&small.world.server).await;
        line.write_all(call).await.unwrap();
        let mut some = [0; 12];
        line.read_exact(&mut some).await.unwrap();
        assert_eq!(&some, b"HTTP/1.1 200", "each new one is served");
        lines.push(line);
    }
    small.api().get("/healthz").await.expect(200);
    assert!(metric(&small, "http_connections_closed_total{why=\"room\"}").await >= 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopping_server_finishes_what_runs_and_waits_for_no_idle_connection() {
    let mut town = town(&[("HUISHOU_DRAIN_TIMEOUT", "600")]).await;
    let mut quiet = line(&town.world.server).await;
    quiet
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut some = [0; 12];
    quiet.read_exact(&mut some).await.unwrap();
    let mut running = line(&town.world.server).await;
    let (head, rest) = (
        "POST /api/v1/quotes HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{",
        "}",
    );
    running.write_all(head.as_bytes()).await.unwrap();
    town.world.server.process().terminate();
    town.world.server.process().wait_for("stopping").await;
    running.write_all(rest.as_bytes()).await.unwrap();
    let answer = heard(&mut running).await;
    assert!(
        answer.starts_with("HTTP/1.1 422 "),
        "the running request is answered: {answer}"
    );
    let ended = town.world.server.stop().await;
    assert!(ended.success(), "{ended}");
}
