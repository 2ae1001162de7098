//! Every operation of the published interface: without a token, with forged and expired ones, with another
//! audience's, with ids that are nobody's, with bodies that are no JSON.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use blackbox::{Answer, Api, Customer, Engine, Town};
use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::values::{books, calm, refused};

/// An operation as `/openapi.json` publishes it.
pub struct Operation {
    pub method: Method,
    pub path: String,
    pub described: Value,
}

impl Operation {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The path with every `{placeholder}` replaced.
    pub fn path_with(&self, id: &str) -> String {
        let mut path = String::new();
        let mut rest = self.path.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            path.push_str(before);
            path.push_str(id);
            rest = after.split_once('}').expect("a closed placeholder").1;
        }
        path + rest
    }

    pub fn is_secured(&self, document: &Value) -> bool {
        let own = &self.described["security"];
        let security = if own.is_null() {
            &document["security"]
        } else {
            own
        };
        security.as_array().is_some_and(|all| !all.is_empty())
    }

    /// It takes a body of JSON; a picture's bytes are another matter (server/tests/sync/blobs.rs).
    pub fn has_body(&self) -> bool {
        !self.described["requestBody"]["content"]["application/json"].is_null()
    }
}

/// All operations published.
pub async fn published(api: &Api) -> (Value, Vec<Operation>) {
    let document = api.get("/openapi.json").await.expect(200).clone();
    assert!(
        document["openapi"].as_str().unwrap().starts_with("3.1"),
        "OpenAPI 3.1"
    );
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, described) in methods.as_object().expect("methods") {
            if let Ok(method) = method.to_uppercase().parse::<Method>()
                && ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str())
            {
                operations.push(Operation {
                    method,
                    path: path.clone(),
                    described: described.clone(),
                });
            }
        }
    }
    assert!(
        operations.len() >= 35,
        "{} operations published",
        operations.len()
    );
    (document, operations)
}

pub async fn call(api: &Api, operation: &Operation, path: &str, body: Option<&str>) -> Answer {
    let mut request = api
        .request(operation.method.clone(), path)
        .header("Idempotency-Key", blackbox::customer::key());
    if let Some(body) = body {
        request = request
            .header("Content-Type", "application/json")
            .body(body.to_owned());
    }
    api.send(request).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_operation_takes_a_missing_forged_expired_or_foreign_token() {
    let mut town = Town::start(Engine::MariaDb).await;
    let (document, operations) = published(&town.api()).await;
    let customer = Customer::login(&town.world, "wang").await;
    let desk = town.desk("admin").await;
    let good = customer.session["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let staffs = desk.session["access_token"].as_str().unwrap().to_owned();
    let (before, mut calls, mut secured) = (books(&town).await, 0, 0);
    for operation in operations
        .iter()
        .filter(|operation| operation.is_secured(&document))
    {
        secured += 1;
        let path = operation.path_with(&Uuid::now_v7().to_string());
        let foreign = if operation.path.starts_with("/api/") {
            &staffs
        } else {
            &good
        };
        let forged = forgeries(if operation.path.starts_with("/api/") {
            &good
        } else {
            &staffs
        });
        for token in forged.iter().chain([foreign]) {
            let answer = call(&town.api().with_token(token), operation, &path, Some("{}")).await;
            refused(&answer, &operation.name());
            assert!(
                matches!(answer.status, 401 | 403),
                "{} with {token}: {}",
                operation.name(),
                answer.text
            );
            calls += 1;
        }
        let answer = call(&town.api(), operation, &path, Some("{}")).await;
        assert_eq!(
            answer.status,
            401,
            "{} without a token: {}",
            operation.name(),
            answer.text
        );
        refused(&answer, &operation.name());
    }
    assert!(secured >= 25, "{secured} secured operations");
    assert_eq!(books(&town).await, before, "nothing was written");
    calm(&town.world.server.process().log());
    println!("{calls} calls with bad tokens on {secured} secured operations, all refused");
}

/// Tokens that look like a good one.
fn forgeries(good: &str) -> Vec<String> {
    let parts: Vec<&str> = good.split('.').collect();
    let (header, claims, signature) = (parts[0], parts[1], parts[2]);
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let read: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    let mut later = read.clone();
    later["exp"] = (read["exp"].as_i64().unwrap() + 86_400).into();
    let mut other = read;
    other["sub"] = Uuid::nil().to_string().into();
    let sealed = |claims: &Value| URL_SAFE_NO_PAD.encode(claims.to_string());
    vec![
        "x".to_owned(),
        "a.b.c".to_owned(),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{header}.{}.{signature}", sealed(&later)),
        format!("{header}.{}.{signature}", sealed(&other)),
        format!(
            "{header}.{claims}.{}",
            signature.chars().rev().collect::<String>()
        ),
        format!("{header}.{claims}"),
        "x".repeat(7_000),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_token_is_called_so_and_a_refresh_token_is_no_access_token() {
    let town = Town::on(blackbox::database(Engine::MariaDb).await, |setup| {
        setup
            .with("HUISHOU_ACCESS_TOKEN_SECONDS", "1")
            .with("HUISHOU_CLOCK_LEEWAY", "0")
    })
    .await;
    let customer = Customer::login(&town.world, "wang").await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    let code = loop {
        let answer = customer.api.get("/api/v1/me").await;
        if answer.status != 200 || tokio::time::Instant::now() > deadline {
            break answer.expect_problem(401).to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(code, "token_expired");
    let refresh = customer.session["refresh_token"].as_str().unwrap();
    let answer = town.api().with_token(refresh).get("/api/v1/me").await;
    assert_eq!(answer.expect_problem(401), "invalid_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_that_are_nobodys_and_bodies_that_are_no_json_are_refused_everywhere() {
    let mut town = Town::start(Engine::MariaDb).await;
    let (_, operations) = published(&town.api()).await;
    let customer = Customer::login(&town.world, "wang").await;
    let admin = town.desk("admin").await;
    let (before, mut calls) = (books(&town).await, 0);
    for operation in &operations {
        let api = if operation.path.starts_with("/api/") {
            &customer.api
        } else {
            admin.api()
        };
        if operation.path.contains('{') {
            for id in [
                "0",
                "not-an-id",
                "%00",
                "%F0%A0%AE%B7",
                "..%2F..%2Fetc%2Fpasswd",
                "'%20OR%20'1'%3D'1",
                &Uuid::now_v7().to_string(),
                &Uuid::nil().to_string(),
            ] {
                let answer = call(
                    api,
                    operation,
                    &operation.path_with(id),
                    operation.has_body().then_some("{}"),
                )
                .await;
                refused(&answer, &format!("{} with id {id}", operation.name()));
                calls += 1;
            }
        }
        if operation.has_body() {
            for body in [
                "",
                "{",
                "nul",
                "[]",
                "3",
                "\"x\"",
                "{\"a\":1",
                "\u{feff}{}",
                "{\"a\":\"\\ud800\"}",
            ] {
                let answer = call(
                    api,
                    operation,
                    &operation.path_with(&Uuid::now_v7().to_string()),
                    Some(body),
                )
                .await;
                refused(&answer, &format!("{} with body {body:?}", operation.name()));
                calls += 1;
            }
            let endless = format!("{{\"x\":\"{}\"}}", "x".repeat(6 << 20));
            let answer = too_large(api, operation, &endless).await;
            assert_eq!(answer.status, 413, "{}: {}", operation.name(), answer.text);
            refused(&answer, &operation.name());
            calls += 1;
        }
    }
    assert_eq!(books(&town).await, before, "nothing was written");
    calm(&town.world.server.process().log());
    println!(
        "{calls} calls with bad ids and bodies on {} operations, all refused",
        operations.len()
    );
}

/// The answer to an endless body. The server answers and hangs up while the body is still on its way, so a client may
/// see the connection cut before it reads the answer; then it asks again.
async fn too_large(api: &Api, operation: &Operation, body: &str) -> Answer {
    let path = operation.path_with(&Uuid::now_v7().to_string());
    for _ in 0..20 {
        let request = api
            .request(operation.method.clone(), &path)
            .header("Idempotency-Key", blackbox::customer::key())
            .header("Content-Type", "application/json")
            .body(body.to_owned());
        if let Ok(answer) = api.try_send(request).await {
            return answer;
        }
    }
    panic!("{} never answers an endless body", operation.name());
}
