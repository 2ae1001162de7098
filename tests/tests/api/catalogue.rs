//! What is taken and at what price, asked again: a caller who has it already is told so.

use blackbox::{Api, Engine, Town};
use reqwest::Method;

async fn ask(api: &Api, path: &str, head: &[(&str, &str)]) -> blackbox::Answer {
    let mut request = api.request(Method::GET, path);
    for (name, value) in head {
        request = request.header(*name, *value);
    }
    api.send(request).await
}

#[tokio::test]
async fn an_answer_at_hand_is_not_sent_again() {
    let town = Town::start(Engine::MariaDb).await;
    let api = town.api();
    for path in [
        "/api/v1/categories?city=330100",
        "/api/v1/categories",
        "/api/v1/price-book?city=330100",
    ] {
        let first = ask(&api, path, &[]).await;
        first.expect(200);
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() > 10, "{path}: strong");
        let packed = ask(&api, path, &[("Accept-Encoding", "gzip")]).await;
        assert_eq!(packed.header("content-encoding"), "gzip", "{path}");
        let other = packed.header("etag").to_owned();
        for known in [tag.clone(), other, format!("\"x\", {tag}"), "*".to_owned()] {
            for encoding in ["identity", "gzip"] {
                let head = [
                    ("If-None-Match", known.as_str()),
                    ("Accept-Encoding", encoding),
                ];
                let again = ask(&api, path, &head).await;
                assert_eq!(
                    (again.status, again.text.as_str()),
                    (304, ""),
                    "{path} {known}"
                );
                assert!(!again.header("etag").is_empty());
            }
        }
        assert_eq!(
            ask(&api, path, &[("If-None-Match", "\"old\"")])
                .await
                .status,
            200
        );
    }
}

#[tokio::test]
async fn the_language_is_the_one_preferred_and_has_a_tag_of_its_own() {
    let town = Town::start(Engine::MariaDb).await;
    let api = town.api();
    let path = "/api/v1/categories?city=330100";
    let language = |wish: &'static str| [("Accept-Language", wish)];
    let (zh, en) = (
        ask(&api, path, &language("zh")).await,
        ask(&api, path, &language("en")).await,
    );
    assert_ne!(zh.header("etag"), en.header("etag"));
    assert_ne!(zh.body["items"][0]["name"], en.body["items"][0]["name"]);
    let unknown = "/api/v1/price-book?city=000000";
    for (wish, english) in [
        ("", false),
        ("en", true),
        ("en-GB;q=0.9, zh-CN;q=0.3", true),
        ("en;q=0.2, zh;q=0.8", false),
        ("fr, en;q=0.1", true),
        ("en;q=0, zh;q=0.1", false),
        ("fr", false),
    ] {
        let answer = ask(&api, unknown, &[("Accept-Language", wish)]).await;
        assert_eq!(answer.expect_problem(422), "validation_failed");
        let detail = answer.body["errors"][0]["detail"].as_str().unwrap();
        assert_eq!(detail.is_ascii(), english, "{wish}: {detail}");
    }
}
