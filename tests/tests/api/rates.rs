//! How often one caller, and all callers, may ask: what they are told, and that a flood of the ones keeps the others
//! from nothing.

use blackbox::{
    Answer, Api, Customer, Database, Engine, Redis, Server, Town,
    customer::text,
    database,
    goods::{CITY, estimated},
};
use reqwest::Method;
use serde_json::json;

/// A town whose server has these settings.
async fn town(settings: &[(&str, &str)]) -> Town {
    Town::on(database(Engine::MariaDb).await, |setup| {
        settings
            .iter()
            .fold(setup, |setup, (key, value)| setup.with(key, value))
    })
    .await
}

/// A second server on the same database.
async fn another(town: &Town) -> Server {
    town.world.server.setup().start().await
}

async fn categories(api: &Api) -> Answer {
    api.get("/api/v1/categories").await
}

/// Without a login, as if through a proxy from `from`.
async fn categories_from(api: &Api, from: &str) -> Answer {
    let request = api.request(Method::GET, "/api/v1/categories");
    api.send(request.header("X-Forwarded-For", from)).await
}

/// Bucket, what is left, seconds until it is full.
fn standing(answer: &Answer) -> [u32; 3] {
    ["limit", "remaining", "reset"].map(|name| {
        let value = answer.header(&format!("ratelimit-{name}"));
        value
            .parse()
            .unwrap_or_else(|_| panic!("RateLimit-{name}: {value:?}"))
    })
}

#[track_caller]
fn is_limited(answer: &Answer) {
    assert_eq!(answer.expect_problem(429), "rate_limited");
    assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert_eq!(standing(answer)[1], 0, "nothing is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_are_limited_by_address_and_each_answer_tells_what_is_left() {
    let town = town(&[("HUISHOU_LOGIN_RATE_PER_MINUTE", "3")]).await;
    let api = town.api();
    let login = || async { api.post("/api/v1/sessions", &json!({"code": ""})).await };
    for left in (0..3).rev() {
        let answer = login().await;
        answer.expect(422);
        assert_eq!(standing(&answer)[..2], [3, left]);
    }
    is_limited(&login().await);
    for path in [
        "/api/v1/sessions/refresh",
        "/staff/v1/sessions",
        "/staff/v1/devices",
    ] {
        is_limited(&api.post(path, &json!({})).await);
    }
    categories(&api).await.expect(200);
    assert_eq!(api.get("/healthz").await.header("ratelimit-limit"), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_without_a_login_keeps_no_customer_and_no_device_from_anything() {
    let town = town(&[
        ("HUISHOU_GUARD_ANONYMOUS_RATE", "1"),
        ("HUISHOU_GUARD_ANONYMOUS_BURST", "1"),
        ("HUISHOU_GUARD_USER_RATE", "100"),
        ("HUISHOU_GUARD_GLOBAL_RATE", "1000"),
    ])
    .await;
    let wang = Customer::login(&town.world, "wang").await;
    let desk = town.desk("zhang").await;
    let mut refused = 0;
    while refused < 20 {
        let answer = categories(&town.api()).await;
        refused += u32::from(answer.status == 429);
    }
    assert_eq!(town.api().get("/healthz").await.status, 200);
    let me = wang.api.get("/api/v1/me").await;
    me.expect(200);
    assert_eq!(standing(&me)[0], 100, "a customer's own bucket");
    let check = desk.api().post("/sync/v1/check", &json!({})).await;
    check.expect(200);
    let forged = town.api().with_token("a.b.c").get("/api/v1/me").await;
    assert!(
        matches!(forged.status, 401 | 429),
        "a forged token makes nobody known"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_customer_has_a_bucket_of_their_own_and_all_together_have_one() {
    let town = town(&[
        ("HUISHOU_GUARD_USER_RATE", "1"),
        ("HUISHOU_GUARD_USER_BURST", "5"),
    ])
    .await;
    let (wang, zhao) = (
        Customer::login(&town.world, "wang").await,
        Customer::login(&town.world, "zhao").await,
    );
    loop {
        let answer = wang.api.get("/api/v1/me").await;
        if answer.status == 429 {
            is_limited(&answer);
            break;
        }
    }
    assert_eq!(standing(&zhao.api.get("/api/v1/me").await), [5, 4, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_customers_together_have_a_limit_that_devices_and_logins_do_not_feel() {
    let town = town(&[
        ("HUISHOU_GUARD_GLOBAL_RATE", "1"),
        ("HUISHOU_GUARD_GLOBAL_BURST", "2"),
    ])
    .await;
    let desk = town.desk("zhang").await;
    loop {
        let answer = categories(&town.api()).await;
        if answer.status == 429 {
            is_limited(&answer);
            break;
        }
    }
    for _ in 0..4 {
        let check = desk.api().post("/sync/v1/check", &json!({})).await;
        check.expect(200);
        let _ = Customer::login(&town.world, "wang").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_proxy_says_who_calls_and_nobody_else_does() {
    let limits = [
        ("HUISHOU_GUARD_ANONYMOUS_RATE", "1"),
        ("HUISHOU_GUARD_ANONYMOUS_BURST", "1"),
        ("HUISHOU_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8"),
    ];
    let behind = town(&limits).await;
    let api = behind.api();
    for n in 1..=20 {
        let answer = categories_from(&api, &format!("8.8.8.8, 203.0.113.{n}, 10.0.0.7")).await;
        answer.expect(200);
    }
    let twice = [
        "2001:db8:0:1::1",
        "2001:db8:0:1:ffff::2",
        "2001:db8:0:1::3",
        "2001:db8:0:1::4",
    ];
    let mut refused = false;
    for from in twice.iter().cycle().take(100) {
        refused |= categories_from(&api, from).await.status == 429;
    }
    assert!(refused, "one IPv6 network is one caller");

    let open = town(&limits[..2]).await;
    let mut refused = false;
    for n in 0..100 {
        let from = format!("203.0.113.{n}");
        refused |= categories_from(&open.api(), &from).await.status == 429;
    }
    assert!(refused, "who is no trusted proxy names itself in vain");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn estimates_without_a_login_have_a_bucket_of_their_own() {
    let town = town(&[("HUISHOU_QUOTE_RATE", "1"), ("HUISHOU_QUOTE_BURST", "2")]).await;
    let body = json!({"city": CITY, "items": estimated()});
    let mut answer = town.api().post("/api/v1/quotes", &body).await;
    while answer.status == 200 {
        assert_eq!(standing(&answer)[0], 2);
        answer = town.api().post("/api/v1/quotes", &body).await;
    }
    is_limited(&answer);
    categories(&town.api()).await.expect(200);
}

/// A town with Redis and three logins a minute, and a second server beside it.
async fn shared(redis: &Redis, database: Database) -> (Town, Server) {
    let town = Town::on(database, |setup| {
        setup
            .with("HUISHOU_REDIS_URL", &redis.url())
            .with("HUISHOU_LOGIN_RATE_PER_MINUTE", "6")
    })
    .await;
    let second = another(&town).await;
    (town, second)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_redis_all_instances_count_together_and_without_it_each_for_itself() {
    let mut redis = Redis::start().await;
    let (town, second) = shared(&redis, database(Engine::MariaDb).await).await;
    let (first, second) = (town.api(), second.api());
    let login = async |api: &Api| api.post("/api/v1/sessions", &json!({"code": ""})).await;
    for (n, api) in [&first, &second, &first, &second, &first, &second]
        .iter()
        .enumerate()
    {
        let answer = login(api).await;
        answer.expect(422);
        assert_eq!(standing(&answer)[..2], [6, 5 - u32::try_from(n).unwrap()]);
    }
    is_limited(&login(&first).await);
    is_limited(&login(&second).await);

    redis.kill();
    let answer = login(&second).await;
    assert_eq!(
        answer.status, 422,
        "alone, the second has counted three: {}",
        answer.text
    );
    redis.restart().await;
    redis.hang();
    let answer = login(&second).await;
    assert_eq!(
        answer.status, 422,
        "a Redis that hangs holds nobody up: {}",
        answer.text
    );
    redis.go_on();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_are_counted_by_all_instances_together() {
    let redis = Redis::start().await;
    let town = Town::on(database(Engine::MariaDb).await, |setup| {
        setup.with("HUISHOU_REDIS_URL", &redis.url())
    })
    .await;
    let second = another(&town).await;
    let desk = town.desk("zhang").await;
    let attempt = async |api: &Api, password: &str| {
        let body = blackbox::desk::credentials(desk.device_id(), "zhang", password, desk.key());
        api.post("/staff/v1/sessions", &body).await
    };
    for n in 0..8 {
        let api = if n % 2 == 0 { town.api() } else { second.api() };
        let answer = attempt(&api, "wrong password").await;
        assert_eq!(answer.expect_problem(401), "bad_credentials");
    }
    for api in [town.api(), second.api()] {
        let answer = attempt(&api, town.password()).await;
        assert_eq!(answer.expect_problem(429), "too_many_attempts");
        assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
    }
    let keys = redis.ask("KEYS huishou:guesses:*").await;
    assert!(keys.contains("huishou:guesses:password:"), "{keys}");
    assert!(!keys.contains("zhang"), "no name leaves the server: {keys}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_guesses_at_the_same_time_are_no_way_around() {
    let town = town(&[]).await;
    let desk = town.desk("zhang").await;
    let body = blackbox::desk::credentials(desk.device_id(), "zhang", "wrong", desk.key());
    let guesses = (0..30).map(|_| {
        let (api, body) = (town.api(), body.clone());
        tokio::spawn(async move { api.post("/staff/v1/sessions", &body).await.status })
    });
    let mut looked_at = 0;
    for guess in guesses.collect::<Vec<_>>() {
        looked_at += u32::from(guess.await.unwrap() == 401);
    }
    assert_eq!(looked_at, 8, "of thirty at once eight are looked at");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_nobody_has_is_answered_as_a_wrong_password_is_with_the_same_work() {
    let town = town(&[]).await;
    let desk = town.desk("zhang").await;
    let checks = async || {
        let metrics = town.api().get("/metrics").await.text;
        let line = metrics
            .lines()
            .find(|l| l.starts_with("password_checks_total "));
        line.map_or(0, |l| l.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
    };
    let mut answers = Vec::new();
    for name in ["zhang", "nobody-of-this-name"] {
        let before = checks().await;
        let body = blackbox::desk::credentials(desk.device_id(), name, "wrong", desk.key());
        let answer = town.api().post("/staff/v1/sessions", &body).await;
        assert_eq!(checks().await - before, 1, "{name}: one password is hashed");
        let mut told = answer.expect(401).clone();
        told["request_id"] = "".into();
        answers.push(told);
    }
    assert_eq!(answers[0], answers[1], "nobody learns which names exist");
    assert_eq!(text(&answers[0], "code"), "bad_credentials");
}
