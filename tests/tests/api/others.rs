//! Every published call with the token of somebody else and the ids of things that are not theirs: nothing is there for
//! them. The list of calls is the interface's own description, so that a new one is walked by itself.

use std::collections::{BTreeMap, BTreeSet};

use blackbox::{
    Answer, Api, Customer, Desk, Dispatch, Engine, Town,
    customer::{id, key, text},
    goods::{CITY, at, booking},
};
use chrono::Utc;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::signing::sign;

/// One published call.
struct Call {
    method: Method,
    path: String,
    is_secured: bool,
    body: Option<Value>,
}

impl Call {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// With each placeholder replaced.
    fn at(&self, id: &str) -> String {
        let parts = self
            .path
            .split('/')
            .map(|part| match part.starts_with('{') {
                true => id,
                false => part,
            });
        parts.collect::<Vec<_>>().join("/")
    }

    async fn send(&self, api: &Api, path: &str) -> Answer {
        let mut request = api
            .request(self.method.clone(), path)
            .header("Idempotency-Key", key());
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        api.send(request).await
    }
}

/// The example of a schema, or one put together from the examples of its parts.
fn example(document: &Value, schema: &Value) -> Option<Value> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next()?;
        return example(document, &document["components"]["schemas"][name]);
    }
    let given = schema.get("example").or_else(|| schema["examples"].get(0));
    if let Some(given) = given {
        return Some(given.clone());
    }
    let properties = schema["properties"].as_object()?;
    let parts = properties
        .iter()
        .filter_map(|(name, part)| Some((name.clone(), example(document, part)?)));
    Some(Value::Object(parts.collect()))
}

fn body(document: &Value, described: &Value) -> Option<Value> {
    let content = &described["requestBody"]["content"]["application/json"];
    content.as_object()?;
    let named = content["examples"]
        .as_object()
        .and_then(|all| all.values().next());
    let given = content.get("example").or_else(|| named?.get("value"));
    given
        .cloned()
        .or_else(|| example(document, &content["schema"]))
}

async fn published(api: &Api) -> Vec<Call> {
    let document = api.get("/openapi.json").await.expect(200).clone();
    let mut calls = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, described) in methods.as_object().expect("methods") {
            let method = method.to_uppercase();
            if !["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str()) {
                continue;
            }
            let security = described["security"].as_array();
            calls.push(Call {
                method: method.parse().unwrap(),
                path: path.clone(),
                is_secured: security.is_some_and(|all| !all.is_empty() && all != &[json!({})]),
                body: body(&document, described),
            });
        }
    }
    assert!(calls.len() >= 45, "{} calls are published", calls.len());
    calls
}

/// Who is to be met at the visit.
const NAME: &str = "别人家";
const PHONE: &str = "13912345678";

/// What wang, the first station and a partner have; and who else there is.
struct Scene {
    town: Town,
    admin: Desk,
    wang: Customer,
    zhao: Customer,
    /// Of the other station: a clerk and a collector.
    strangers: Vec<Desk>,
    /// Ids of things that are not the strangers'.
    ids: BTreeSet<String>,
    /// A picture that zhang's device brought.
    picture: String,
}

impl Scene {
    async fn begin() -> Self {
        let town = Town::start(Engine::MariaDb).await;
        let (wang, zhao) = (
            Customer::login(&town.world, "wang").await,
            Customer::login(&town.world, "zhao").await,
        );
        let mut dispatch = Dispatch::open(&town).await;
        let zhang_id = town.staff("zhang").await;
        let mut wish = booking(&at(2, 10));
        wish["contact"] = json!({"name": NAME, "phone": PHONE});
        let visit = wang.try_book(&wish).await.expect(201).clone();
        dispatch.assign(id(&visit), Some(&zhang_id)).await;
        let zhang = town.desk("zhang").await;
        let admin = town.desk("admin").await;
        let strangers = strangers(&town, &admin).await;
        let ids = [
            id(&visit),
            text(&visit, "order_id"),
            wang.id(),
            zhang.staff_id(),
            zhang.device_id(),
            text(&visit["estimate"], "id"),
        ];
        let ids = ids.map(str::to_owned).into();
        let picture = picture(&zhang).await;
        Self {
            town,
            admin,
            wang,
            zhao,
            strangers,
            ids,
            picture,
        }
    }

    /// Neither the answer's words nor its status tell of what is not the caller's.
    fn tells_nothing(&self, answer: &Answer, name: &str) {
        for id in self.ids.iter().chain([&self.picture]) {
            assert!(
                !answer.text.contains(id),
                "{name} tells of {id}: {}",
                answer.text
            );
        }
        assert!(
            !answer.text.contains(PHONE) && !answer.text.contains(NAME),
            "{name}: {}",
            answer.text
        );
    }

    fn id_for<'a>(&'a self, call: &Call, id: &'a str) -> &'a str {
        match call.path.contains("{sha256}") {
            true => &self.picture,
            false => id,
        }
    }
}

/// People of the second station, each on a device of their own.
async fn strangers(town: &Town, admin: &Desk) -> Vec<Desk> {
    let home = town.desk_station().await;
    let stations = admin
        .api()
        .get("/admin/v1/stations")
        .await
        .expect(200)
        .clone();
    let other = stations["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| id(s) != home);
    let other = id(other.expect("a second station"));
    let mut desks = Vec::new();
    for role in ["station", "collector"] {
        let username = format!("far-{role}");
        let new = json!({"username": username, "name": "远站", "role": role, "station_id": other, "password": "a long password"});
        let made = admin.api().post_once("/admin/v1/staff", &key(), &new).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let code = town.pairing_code().await;
        desks.push(Desk::open(&town.api(), &code, &username, "a long password").await);
    }
    desks
}

/// A small picture, brought by this device.
async fn picture(desk: &Desk) -> String {
    let bytes = [&[0xff, 0xd8, 0xff, 0xe0][..], &[7; 60], &[0xff, 0xd9]].concat();
    let hash: String = Sha256::digest(&bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let request = desk
        .api()
        .request(Method::PUT, &format!("/sync/v1/blobs/{hash}"))
        .header(
            "Content-Range",
            format!("bytes 0-{}/{}", bytes.len() - 1, bytes.len()),
        )
        .header("Content-Type", "image/jpeg")
        .body(bytes);
    let brought = desk.api().send(request).await;
    assert_eq!(brought.status, 201, "{}", brought.text);
    hash
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_gives_anybody_what_is_somebody_elses() {
    let scene = Scene::begin().await;
    let calls = published(&scene.town.api()).await;
    let mut walked = 0;
    for call in calls.iter().filter(|call| call.is_secured) {
        let is_customers = call.path.starts_with("/api/");
        let is_staffs = ["/staff/", "/sync/", "/admin/"]
            .iter()
            .any(|p| call.path.starts_with(p));
        let callers: Vec<&Api> = match (is_customers, is_staffs) {
            (true, _) => vec![&scene.zhao.api],
            (_, true) => scene.strangers.iter().map(Desk::api).collect(),
            _ => continue,
        };
        for api in callers {
            walked += walk(&scene, call, api).await;
        }
    }
    assert!(walked >= 60, "{walked} calls");
    let mine = scene
        .wang
        .api
        .get("/api/v1/appointments")
        .await
        .expect(200)
        .to_string();
    assert!(
        scene.ids.iter().any(|id| mine.contains(id)),
        "its owner sees it: {mine}"
    );
    println!("{walked} calls with others' tokens and ids");
}

/// One call as a stranger; answers how many that were.
async fn walk(scene: &Scene, call: &Call, api: &Api) -> u32 {
    let ends = ["/sessions", "/password"]
        .iter()
        .any(|end| call.path.ends_with(end));
    if !call.path.contains('{') {
        // What ends one's own session is no matter here; what waits for news neither.
        if ends
            || call.path.ends_with("/events")
            || call.path == "/api/v1/me" && call.method == Method::DELETE
        {
            return 0;
        }
        let answer = call.send(api, &call.path).await;
        scene.tells_nothing(&answer, &call.name());
        return 1;
    }
    let mut sent = 0;
    for id in &scene.ids {
        let answer = call.send(api, &call.at(scene.id_for(call, id))).await;
        let name = format!("{} with {id}", call.name());
        scene.tells_nothing(&answer, &name);
        // Bringing a picture's bytes needs no permission, only the bytes; who knows its hash has had them.
        if call.method == Method::HEAD && call.path.starts_with("/sync/v1/blobs/") {
            continue;
        }
        let brings = call.method == Method::PUT && call.path.starts_with("/sync/v1/blobs/");
        let fine = matches!(answer.status, 403 | 404)
            || brings && matches!(answer.status, 400 | 415 | 422);
        assert!(fine, "{name}: {} {}", answer.status, answer.text);
        if call.path.starts_with("/api/") {
            assert_eq!(answer.status, 404, "{name}: {}", answer.text);
        }
        sent += 1;
    }
    sent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_but_the_public_ones_is_answered_without_a_token() {
    let town = Town::start(Engine::MariaDb).await;
    let some = Uuid::now_v7().to_string();
    let mut open = BTreeSet::new();
    for call in &published(&town.api()).await {
        if !call.is_secured {
            open.insert(call.name());
            continue;
        }
        let answer = call.send(&town.api(), &call.at(&some)).await;
        assert_eq!(answer.status, 401, "{}: {}", call.name(), answer.text);
    }
    let public = ["DELETE", "PATCH", "PUT"];
    for name in &open {
        assert!(
            // A device that is shut out signs what it hands in.
            name.contains("/quarantine/") || !public.iter().any(|method| name.starts_with(method)),
            "{name} needs a token"
        );
        assert!(
            !name.contains("/admin/") && !name.contains("/me"),
            "{name} needs a token"
        );
    }
    assert!(open.len() <= 16, "few calls are public: {open:?}");
}

/// A partner's calls, signed.
struct Partner {
    api: Api,
    app_key: String,
    secret: String,
}

impl Partner {
    async fn of(scene: &Scene, name: &str) -> Self {
        let wish = json!({"name": name, "daily_quota": 100_000, "rate": 1_000});
        let made = scene
            .admin
            .api()
            .post_once("/admin/v1/app-keys", &key(), &wish)
            .await;
        let made = made.expect(201);
        Self {
            api: scene.town.api(),
            app_key: text(made, "app_key").to_owned(),
            secret: text(made, "secret").to_owned(),
        }
    }

    async fn send(&self, method: &Method, target: &str, body: Option<&Value>) -> Answer {
        let body = body.map(Value::to_string).unwrap_or_default();
        let stamp = Utc::now().timestamp().to_string();
        let nonce = Uuid::now_v7().simple().to_string();
        let signature = sign(
            &self.secret,
            &[method.as_str(), target, &stamp, &nonce],
            &body,
        );
        let head = BTreeMap::from([
            ("App-Key", &self.app_key),
            ("Timestamp", &stamp),
            ("Nonce", &nonce),
            ("Signature", &signature),
        ]);
        let mut request = self
            .api
            .request(method.clone(), target)
            .header("Idempotency-Key", key());
        for (name, value) in head {
            request = request.header(name, value);
        }
        if !body.is_empty() {
            request = request
                .header("Content-Type", "application/json")
                .body(body);
        }
        self.api.send(request).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_partner_sees_what_is_a_customers_or_another_partners() {
    let mut scene = Scene::begin().await;
    let (first, second) = (
        Partner::of(&scene, "甲").await,
        Partner::of(&scene, "乙").await,
    );
    let mut wish = booking(&at(1, 10));
    wish["city"] = CITY.into();
    let booked = first
        .send(&Method::POST, "/open/v1/appointments", Some(&wish))
        .await;
    assert_eq!(booked.status, 201, "{}", booked.text);
    scene.ids.insert(id(&booked.body).to_owned());
    scene.ids.insert(text(&booked.body, "order_id").to_owned());
    let mut walked = 0;
    for call in published(&scene.town.api())
        .await
        .iter()
        .filter(|c| c.path.starts_with("/open/v1/"))
    {
        let ids: Vec<_> = match call.path.contains('{') {
            true => scene.ids.iter().map(String::as_str).collect(),
            false => vec![""],
        };
        for id in ids {
            let answer = second
                .send(&call.method, &call.at(id), call.body.as_ref())
                .await;
            let name = format!("{} with {id}", call.name());
            if call.path.contains('{') {
                assert_eq!(answer.status, 404, "{name}: {}", answer.text);
            }
            if call.method == Method::GET || call.path.contains('{') {
                scene.tells_nothing(&answer, &name);
            }
            walked += 1;
        }
    }
    assert!(walked >= 20, "{walked} calls");
}
