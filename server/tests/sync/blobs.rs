//! Pictures: brought in parts, checked, seen by who sees a visit naming them.

use super::{
    http::{Laptop, hire, serve},
    support::{Ground, weigh},
};
use blackbox::{
    http::{Answer, Api},
    on_each_database,
};
use chrono::TimeDelta;
use huishou_domain::{
    blob::{PART, name_of},
    ids::{DeviceId, StaffId},
    review::ReviewCode,
    staff::Role,
};
use huishou_server::{
    blobs::{self, Part},
    store::blobs as rows,
};
use reqwest::{Method, header::CONTENT_RANGE};
use serde_json::json;
use uuid::Uuid;

/// A PNG of this size by its first bytes, unlike any other.
fn picture(size: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(Uuid::new_v4().as_bytes());
    let mut state: u32 = 1;
    bytes.extend(
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(size.saturating_sub(bytes.len())),
    );
    bytes.truncate(size);
    bytes
}

fn at(name: &str) -> String {
    format!("/sync/v1/blobs/{name}")
}

/// Sends `bytes[from..to]` of a picture.
async fn part(api: &Api, name: &str, bytes: &[u8], from: usize, to: usize) -> Answer {
    let range = format!("bytes {from}-{}/{}", to - 1, bytes.len());
    let request = api
        .request(Method::PUT, &at(name))
        .header(CONTENT_RANGE, range);
    api.send(
        request
            .header("content-type", "text/html")
            .body(bytes[from..to].to_vec()),
    )
    .await
}

async fn whole(api: &Api, name: &str, bytes: &[u8]) -> Answer {
    api.send(api.request(Method::PUT, &at(name)).body(bytes.to_vec()))
        .await
}

async fn head(api: &Api, name: &str) -> (u16, String, String) {
    let answer = api.send(api.request(Method::HEAD, &at(name))).await;
    (
        answer.status,
        answer.header("upload-offset").to_owned(),
        answer.header("upload-length").to_owned(),
    )
}

async fn fetch(api: &Api, name: &str) -> (u16, Vec<u8>, String) {
    let answer = api.request(Method::GET, &at(name)).send().await.unwrap();
    let (status, kind) = (
        answer.status().as_u16(),
        answer.headers().get("content-type").cloned(),
    );
    let kind = kind
        .map(|kind| kind.to_str().unwrap().to_owned())
        .unwrap_or_default();
    (status, answer.bytes().await.unwrap().to_vec(), kind)
}

/// The interface, and Wang, a collector, signed in on a laptop.
async fn wang(ground: &Ground) -> (Api, Laptop, Api, StaffId) {
    let api = serve(ground).await;
    let wang = hire(ground, "wang", Role::Collector).await;
    let laptop = Laptop::register(ground, &api).await;
    let (signed_in, _) = laptop.sign_in("wang").await;
    (api, laptop, signed_in, StaffId(wang))
}

on_each_database! {
    async fn a_picture_goes_up_in_parts_and_comes_back_byte_for_byte(db) {
        let ground = Ground::on(db).await;
        let (_, _, api, wang) = wang(&ground).await;
        let booked = ground.booking(Some(wang)).await;
        let bytes = picture(2 * PART + 777);
        let name = name_of(&bytes);
        let mut phone = ground.device(wang).await;
        let mut args = weigh(booked.order);
        args["photos"] = json!([name]);
        phone.push("order.weigh", &args).await;
        assert_eq!(head(&api, &name).await.0, 404);
        let none = fetch(&api, &name).await;
        assert!(none.0 == 404 && String::from_utf8(none.1).unwrap().contains("blob_not_uploaded"), "named, not here yet");
        let first = part(&api, &name, &bytes, 0, PART).await;
        assert_eq!((first.status, first.header("upload-offset"), first.header("upload-length")), (308, "262144", "525065"));
        assert_eq!(head(&api, &name).await, (200, "262144".into(), "525065".into()), "after a break: go on from here");
        part(&api, &name, &bytes, PART, 2 * PART).await.expect(308);
        part(&api, &name, &bytes, 2 * PART, bytes.len()).await.expect(201);
        assert_eq!(head(&api, &name).await, (200, "525065".into(), "525065".into()));
        assert_eq!(fetch(&api, &name).await, (200, bytes.clone(), "image/png".into()), "the type by its first bytes, not as claimed");
        whole(&api, &name, &bytes).await.expect(200);
        assert_eq!(db.count("SELECT COUNT(*) FROM blob_parts").await, 3, "told again it is stored once");
        assert_eq!(db.count("SELECT MAX(LENGTH(bytes)) FROM blob_parts").await, i64::try_from(PART).unwrap());
        let seen = ground.visit(booked.order).await.order;
        assert_eq!(seen.quotes[0].photos, [name], "the weighing names it");
    }

    async fn the_largest_picture_passes_with_the_servers_default_packets_and_a_larger_does_not(db) {
        let ground = Ground::on(db).await;
        let (_, _, api, wang) = wang(&ground).await;
        let bytes = picture(10 * 1024 * 1024);
        let name = name_of(&bytes);
        whole(&api, &name, &bytes).await.expect(201);
        assert_eq!(db.count("SELECT COUNT(*) FROM blob_parts").await, 40);
        let booked = ground.booking(Some(wang)).await;
        let mut phone = ground.device(wang).await;
        let mut args = weigh(booked.order);
        args["photos"] = json!([name]);
        phone.push("order.weigh", &args).await;
        assert!(fetch(&api, &name).await.1 == bytes);
        let large = picture(10 * 1024 * 1024 + 1);
        assert_eq!(whole(&api, &name_of(&large), &large).await.expect_problem(413), "blob_too_large");
        let announced = api.request(Method::PUT, &at(&name_of(&large))).header(CONTENT_RANGE, "bytes 0-9/10485761").body(vec![0; 10]);
        assert_eq!(api.send(announced).await.expect_problem(413), "blob_too_large");
    }

    async fn a_wrong_hash_keeps_nothing_and_the_right_bytes_pass_after_it(db) {
        let ground = Ground::on(db).await;
        let (_, _, api, _) = wang(&ground).await;
        let (bytes, other) = (picture(PART + 9), picture(PART + 9));
        let name = name_of(&bytes);
        part(&api, &name, &other, 0, PART).await.expect(308);
        assert_eq!(part(&api, &name, &other, PART, PART + 9).await.expect_problem(422), "hash_mismatch");
        assert_eq!(db.count("SELECT COUNT(*) FROM blobs").await + db.count("SELECT COUNT(*) FROM blob_parts").await, 0);
        assert_eq!(head(&api, &name).await.0, 404);
        whole(&api, &name, &bytes).await.expect(201);
    }

    async fn a_part_goes_where_the_upload_stands_and_nowhere_else(db) {
        let ground = Ground::on(db).await;
        let (_, _, api, _) = wang(&ground).await;
        let bytes = picture(3 * PART);
        let name = name_of(&bytes);
        let ahead = part(&api, &name, &bytes, PART, 2 * PART).await;
        assert_eq!((ahead.expect_problem(409), &ahead.body["expected"]), ("offset_mismatch", &json!(0)));
        part(&api, &name, &bytes, 0, PART).await.expect(308);
        let again = part(&api, &name, &bytes, 0, PART).await;
        assert_eq!((again.expect_problem(409), &again.body["expected"]), ("offset_mismatch", &json!(PART)), "the answer was lost");
        let shorter = part(&api, &name, &bytes[..2 * PART], PART, 2 * PART).await;
        assert_eq!(shorter.expect_problem(409), "offset_mismatch", "another size is another picture");
        for range in ["bytes 0-9", "bytes 5-4/9", "bytes 0-3/100", "bytes 95-104/100"] {
            let odd = api.request(Method::PUT, &at(&name)).header(CONTENT_RANGE, range).body(vec![0x89; 10]);
            assert_eq!(api.send(odd).await.expect_problem(400), "bad_content_range", "{range}");
        }
        part(&api, &name, &bytes, PART, 3 * PART).await.expect(201);
        for odd in ["", "abc", &"g".repeat(64)] {
            assert_eq!(whole(&api, odd, &bytes).await.status, 404, "{odd} is no hash");
        }
    }

    async fn what_is_no_picture_is_not_taken_whatever_it_is_called(db) {
        let ground = Ground::on(db).await;
        let (_, _, api, _) = wang(&ground).await;
        for bytes in [b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), b"%PDF-1.7 ....".to_vec(), b"GIF89a......".to_vec(), Vec::new()] {
            let request = api.request(Method::PUT, &at(&name_of(&bytes))).header("content-type", "image/png").body(bytes);
            assert_eq!(api.send(request).await.expect_problem(415), "blob_type_unsupported");
        }
        // The first part too small to tell: found out at the end, and nothing is kept.
        let text = b"hello, this is no picture".to_vec();
        let name = name_of(&text);
        part(&api, &name, &text, 0, 5).await.expect(308);
        assert_eq!(part(&api, &name, &text, 5, text.len()).await.expect_problem(415), "blob_type_unsupported");
        assert_eq!(db.count("SELECT COUNT(*) FROM blob_parts").await, 0);
        for (mut bytes, kind) in [(b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01".to_vec(), "image/jpeg"), (b"RIFF\x10\0\0\0WEBPVP8 ".to_vec(), "image/webp")] {
            bytes.extend(Uuid::new_v4().as_bytes());
            whole(&api, &name_of(&bytes), &bytes).await.expect(201);
            assert_eq!(db.count(&format!("SELECT COUNT(*) FROM blobs WHERE type = '{kind}'")).await, 1);
        }
    }

    async fn two_devices_bring_the_same_picture_at_once_and_neither_disturbs_the_other(db) {
        let ground = Ground::on(db).await;
        let bytes = picture(5 * PART + 3);
        let hash = huishou_domain::blob::hash_of(&name_of(&bytes)).unwrap();
        let bring = async |device: DeviceId| {
            let mut start = 0;
            while start < bytes.len() {
                let end = bytes.len().min(start + PART);
                let total = u32::try_from(bytes.len()).unwrap();
                let part = Part { start: u32::try_from(start).unwrap(), total, bytes: &bytes[start..end] };
                match blobs::put(&ground.app, device, &hash, part).await {
                    Ok(done) => start = done.progress.received as usize,
                    Err(problem) => panic!("{problem:?}"),
                }
            }
        };
        let (one, two) = (DeviceId(Uuid::now_v7()), DeviceId(Uuid::now_v7()));
        tokio::join!(bring(one), bring(two));
        let mut conn = ground.app.db.read().await.unwrap();
        assert_eq!(rows::load(&mut conn, &hash).await.unwrap().unwrap().bytes, bytes);
        drop(conn);
        // The same device twice at once, as after a time-out: no part is stored twice.
        let (other, device) = (picture(PART), DeviceId(Uuid::now_v7()));
        let hash = huishou_domain::blob::hash_of(&name_of(&other)).unwrap();
        let half = Part { start: 0, total: u32::try_from(PART).unwrap(), bytes: &other[..PART / 2] };
        let (a, b) = tokio::join!(blobs::put(&ground.app, device, &hash, half), blobs::put(&ground.app, device, &hash, half));
        assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1, "{a:?} {b:?}");
        let refused = a.err().or(b.err()).unwrap();
        assert_eq!((refused.code.as_str(), &refused.more.unwrap()["expected"]), ("offset_mismatch", &json!(PART / 2)));
        assert_eq!(blobs::progress(&ground.app, device, &hash).await.unwrap().received as usize, PART / 2);
        let nobodys = blobs::progress(&ground.app, one, &hash).await.unwrap_err();
        assert_eq!(nobodys.status, 404, "another device's broken upload is its own");
    }

    async fn a_bad_upload_of_one_device_cannot_spoil_anothers(db) {
        let ground = Ground::on(db).await;
        let (good, bad) = (picture(PART + 1), picture(PART + 1));
        let hash = huishou_domain::blob::hash_of(&name_of(&good)).unwrap();
        let (honest, other) = (DeviceId(Uuid::now_v7()), DeviceId(Uuid::now_v7()));
        let total = u32::try_from(PART + 1).unwrap();
        let first = |bytes| Part { start: 0, total, bytes };
        blobs::put(&ground.app, other, &hash, first(&bad[..PART])).await.unwrap();
        blobs::put(&ground.app, honest, &hash, first(&good[..PART])).await.unwrap();
        let last = |bytes| Part { start: total - 1, total, bytes };
        let spoilt = blobs::put(&ground.app, other, &hash, last(&bad[PART..])).await;
        assert_eq!(spoilt.unwrap_err().code, "hash_mismatch");
        assert!(blobs::put(&ground.app, honest, &hash, last(&good[PART..])).await.unwrap().progress.is_whole());
    }

    async fn a_picture_is_seen_by_who_holds_a_visit_that_names_it(db) {
        let ground = Ground::on(db).await;
        let (public, laptop, api, wang) = wang(&ground).await;
        let zhao = hire(&ground, "zhao", Role::Collector).await;
        hire(&ground, "clerk2", Role::Station).await;
        let (zhaos, _) = laptop.sign_in("zhao").await;
        let (clerks, _) = laptop.sign_in("clerk2").await;
        let booked = ground.booking(Some(wang)).await;
        let bytes = picture(5_000);
        let name = name_of(&bytes);
        whole(&api, &name, &bytes).await.expect(201);
        assert_eq!(fetch(&api, &name).await.0, 404, "no visit names it: not even its own device sees it");
        let mut phone = ground.device(wang).await;
        let quote = weigh(booked.order);
        phone.push("order.weigh", &quote).await;
        let accept = json!({"order_id": booked.order, "quote_id": quote["quote_id"], "by": "signature", "blob": name});
        phone.push("order.accept", &accept).await;
        assert_eq!(fetch(&api, &name).await.0, 200, "the collector of the visit");
        assert_eq!(fetch(&clerks, &name).await.0, 200, "its depot");
        assert_eq!(fetch(&zhaos, &name).await.0, 404, "a colleague without the visit");
        assert_eq!(public.get(&at(&name)).await.expect_problem(401), "missing_token");
        let east = ground.booking_at(ground.east, None).await;
        let photo = picture(6_000);
        whole(&zhaos, &name_of(&photo), &photo).await.expect(201);
        let mut theirs = ground.device(StaffId(zhao)).await;
        let mut args = weigh(east.order);
        args["photos"] = json!([name_of(&photo)]);
        theirs.push("order.weigh", &args).await;
        assert_eq!(fetch(&clerks, &name_of(&photo)).await.0, 404, "another depot's");
        assert_eq!(fetch(&zhaos, &name_of(&photo)).await.0, 200, "who weighed holds the visit by that fact");
    }

    async fn a_weighing_with_odd_names_of_photos_is_a_fact_all_the_same(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let mut phone = ground.device(ground.zhang).await;
        let names: Vec<String> = (0..12).map(|n| name_of(&[n])).collect();
        let mut args = weigh(booked.order);
        args["photos"] = json!(names);
        let verdict = phone.push("order.weigh", &args).await;
        assert_eq!(verdict.review, Some(ReviewCode::Disputed));
        let order = ground.visit(booked.order).await.order;
        assert_eq!(order.quotes[0].photos, names[..9], "nine are kept");
        assert_eq!(db.count("SELECT COUNT(*) FROM blob_names").await, 9);
        phone.pull().await;
    }

    async fn a_device_hears_which_of_its_pictures_are_not_here(db) {
        let ground = Ground::on(db).await;
        let (anybody, _, api, _) = wang(&ground).await;
        let (kept, begun, unknown) = (picture(PART), picture(2 * PART), name_of(b"never brought"));
        whole(&api, &name_of(&kept), &kept).await;
        part(&api, &name_of(&begun), &begun, 0, PART).await;
        let asked = json!({"sha256": [name_of(&kept), name_of(&begun), unknown, "no name"]});
        let told = api.post("/sync/v1/blobs", &asked).await;
        assert_eq!(told.body, json!({"missing": [name_of(&begun), unknown, "no name"]}), "half a picture is none");
        assert_eq!(api.post("/sync/v1/blobs", &json!({"sha256": []})).await.body, json!({"missing": []}));
        let many: Vec<String> = (0..201_u32).map(|n| name_of(&n.to_be_bytes())).collect();
        let refused = api.post("/sync/v1/blobs", &json!({ "sha256": many })).await;
        assert_eq!((refused.status, refused.body["code"].as_str()), (413, Some("push_too_large")));
        assert_eq!(anybody.post("/sync/v1/blobs", &asked).await.status, 401);
    }

    async fn an_upload_that_nobody_goes_on_with_is_removed_after_45_days(db) {
        let ground = Ground::on(db).await;
        let device = DeviceId(Uuid::now_v7());
        let (left, done) = (picture(PART), picture(PART));
        let hash = |bytes: &[u8]| huishou_domain::blob::hash_of(&name_of(bytes)).unwrap();
        let total = u32::try_from(PART).unwrap();
        blobs::put(&ground.app, device, &hash(&left), Part { start: 0, total, bytes: &left[..99] }).await.unwrap();
        blobs::put(&ground.app, device, &hash(&done), Part { start: 0, total, bytes: &done }).await.unwrap();
        let purge = async |days| rows::purge(&ground.app.db, ground.app.now() + TimeDelta::days(days)).await.unwrap();
        assert_eq!(purge(44).await, 0);
        assert_eq!(purge(46).await, 1);
        assert_eq!(db.count("SELECT COUNT(*) FROM blobs").await, 1, "what is whole stays");
        assert_eq!(db.count("SELECT COUNT(*) FROM blob_parts").await, 1);
        blobs::put(&ground.app, device, &hash(&left), Part { start: 0, total, bytes: &left }).await.unwrap();
    }

    async fn a_device_that_brings_parts_without_end_is_slowed_down(db) {
        let ground = Ground::on(db).await;
        let (_, _, api, _) = wang(&ground).await;
        let bytes = picture(100);
        let name = name_of(&bytes);
        let mut slowed = None;
        for _ in 0..400 {
            let answer = whole(&api, &name, &bytes).await;
            if answer.status == 429 {
                slowed = Some(answer);
                break;
            }
        }
        let slowed = slowed.expect("within 400 parts");
        assert_eq!((slowed.expect_problem(429), slowed.header("retry-after")), ("rate_limited", "1"));
    }
}
