//! Lists: newest first, pages that neither repeat nor lose a row while rows are added, cursors that cannot be forged.

use super::support::{Town, faults};
use blackbox::{goods, on_each_database};
use serde_json::Value;

on_each_database! {
    async fn pages_neither_repeat_nor_lose_a_row_while_rows_are_added(db) {
        let town = Town::on(db, 100).await;
        let wang = town.customer("wang").await;
        let mut made = Vec::new();
        for _ in 0..7 { made.push(wang.book().await["id"].clone()); }
        made.reverse();
        let (mut seen, mut after) = (Vec::<Value>::new(), String::new());
        loop {
            let page = wang.api.get(&format!("/api/v1/appointments?limit=3{after}")).await.expect(200).clone();
            seen.extend(page["items"].as_array().unwrap().iter().map(|a| a["id"].clone()));
            wang.book().await;
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(seen, made, "what was there at the first page, each once, newest first");
    }

    async fn lists_are_filtered_bounded_and_their_cursors_are_bound_to_list_and_caller(db) {
        let town = Town::on(db, 100).await;
        let (wang, li) = (town.customer("wang").await, town.customer("li").await);
        for _ in 0..3 { wang.book().await; }
        let count = |page: &Value| page["items"].as_array().unwrap().len();
        assert_eq!(count(wang.api.get("/api/v1/appointments?status=0").await.expect(200)), 3);
        assert_eq!(count(wang.api.get("/api/v1/appointments?status=2").await.expect(200)), 0);
        let next = wang.api.get("/api/v1/appointments?limit=1").await.expect(200)["next"].as_str().unwrap().to_owned();
        for path in [format!("/api/v1/orders?after={next}"), "/api/v1/appointments?after=AAAA".into(), "/api/v1/appointments?after=%F0%9F%98%80".into()] {
            assert_eq!(faults(&wang.api.get(&path).await), [("after".to_owned(), "type".to_owned())], "{path}");
        }
        let stolen = li.api.get(&format!("/api/v1/appointments?after={next}")).await;
        assert_eq!(faults(&stolen), [("after".to_owned(), "type".to_owned())]);
        for (limit, code) in [("0", "out_of_range"), ("-1", "out_of_range"), ("x", "type"), ("-", "type"), ("1000", "out_of_range"), ("101", "out_of_range"), ("99999999999999999999", "out_of_range"), ("1.5", "type")] {
            let answer = wang.api.get(&format!("/api/v1/orders?limit={limit}")).await;
            assert_eq!(faults(&answer), [("limit".to_owned(), code.to_owned())], "{limit}");
        }
        let all = wang.api.get("/api/v1/appointments?limit=101&status=9&after=x&fields=all").await;
        assert_eq!(faults(&all).len(), 4, "{}", all.text);
        for wrong in ["all", "", "Summary", "summary,estimate"] {
            let answer = wang.api.get(&format!("/api/v1/appointments?fields={wrong}")).await;
            assert_eq!(faults(&answer), [("fields".to_owned(), "type".to_owned())], "{wrong}");
        }
    }

    async fn the_catalogue_is_sent_again_only_when_it_has_changed(db) {
        let town = Town::on(db, 8).await;
        for path in [format!("/api/v1/price-book?city={}", goods::CITY), format!("/api/v1/categories?city={}", goods::CITY)] {
            let first = town.api.get(&path).await;
            first.expect(200);
            let tag = first.header("etag").to_owned();
            let again = town.api.send(town.api.request(reqwest::Method::GET, &path).header("If-None-Match", &tag)).await;
            assert_eq!((again.status, again.text.as_str()), (304, ""));
            let other = town.api.send(town.api.request(reqwest::Method::GET, &path).header("If-None-Match", "\"x\"")).await;
            other.expect(200);
        }
        assert_eq!(faults(&town.api.get("/api/v1/price-book?city=320100").await), [("city".to_owned(), "not_served".to_owned())]);
        assert_eq!(faults(&town.api.get("/api/v1/price-book?city=x").await), [("city".to_owned(), "unknown_division".to_owned())]);
        assert_eq!(faults(&town.api.get("/api/v1/price-book").await), [("city".to_owned(), "required".to_owned())]);
    }
}
