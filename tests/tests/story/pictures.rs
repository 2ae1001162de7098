//! Photos and a signature taken offline: brought up over a line that loses answers and through kills, seen by the depot.

use blackbox::customer::{id, text};
use blackbox::goods::{at, reasons, weighed};
use blackbox::paths::free_port;
use blackbox::town::Dispatch;
use blackbox::{Customer, Device, Engine, Lossy, Town};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A PNG by its first bytes, of this size.
fn picture(size: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(uuid::Uuid::new_v4().as_bytes());
    bytes.resize(size, 7);
    bytes
}

async fn put(device: &Device, bytes: &[u8]) -> String {
    let file = device.folder().join("picture.png");
    std::fs::write(&file, bytes).unwrap();
    let kept = device.call(&["blob", "put", file.to_str().unwrap()]).await;
    let digest = Sha256::digest(bytes);
    let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(kept, json!({"sha256": name, "size": bytes.len()}));
    name
}

async fn get(device: &Device, name: &str) -> Result<Vec<u8>, Value> {
    let file = device.folder().join("fetched");
    let done = device
        .run(&["blob", "get", name, "--out", file.to_str().unwrap()])
        .await;
    if done.status.success() {
        return Ok(std::fs::read(&file).unwrap());
    }
    Err(done.json()["code"].clone())
}

async fn waiting(device: &Device) -> Value {
    device.call(&["status"]).await["pictures"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_taken_offline_survive_lost_answers_and_kills_and_are_seen_by_the_depot() {
    for engine in Engine::ALL {
        let town = Town::start(engine).await;
        let (wang, mut dispatch) = (
            Customer::login(&town.world, "wang").await,
            Dispatch::open(&town).await,
        );
        let collector = town.staff("zhang").await;
        let visit = town
            .booked_for(&wang, &mut dispatch, &at(2, 10), &collector)
            .await;
        let (mut zhang, depot, li) = (
            town.device("zhang").await,
            town.device("station1").await,
            town.device("li").await,
        );
        let order = text(&visit, "order_id");
        let _ = zhang.sync().await;
        zhang.set_server(&format!("http://127.0.0.1:{}", free_port()));
        let (photo, signature) = (picture(3 * 1024 * 1024), picture(20_000));
        let (photo_name, signature_name) =
            (put(&zhang, &photo).await, put(&zhang, &signature).await);
        let _ = zhang
            .exec("appointment.start", &json!({"appointment_id": id(&visit)}))
            .await;
        let weigh = json!({"order_id": order, "items": weighed(), "gap_reasons": reasons(), "photos": [photo_name]});
        let made = zhang.exec("order.weigh", &weigh).await;
        let accept = json!({"order_id": order, "quote_id": text(&made, "quote_id"), "by": "signature", "blob": signature_name});
        let _ = zhang.exec("order.accept", &accept).await;
        assert_eq!(waiting(&zhang).await, 2, "{engine}: what would be lost");
        assert_eq!(
            get(&zhang, &photo_name).await.as_ref(),
            Ok(&photo),
            "offline, from the device"
        );

        let line = Lossy::before(town.world.server.url()).await;
        zhang.set_server(line.url());
        for _ in 0..3 {
            line.lose("PUT /sync/v1/blobs/", 1);
            let _ = zhang.sync().await;
        }
        assert_eq!(line.lost(), 3, "{engine}: three answers were lost");
        zhang.set_server(town.world.server.url());
        for pause in [40, 80, 160] {
            let mut process = zhang.spawn(&["sync"]);
            tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
            process.kill();
        }
        let _ = zhang.sync().await;
        assert_eq!(waiting(&zhang).await, 0, "{engine}: both are up");
        let whole = "SELECT COUNT(*) FROM blobs WHERE completed_at IS NOT NULL";
        assert_eq!(town.world.database.count(whole).await, 2);
        let bytes = "SELECT CAST(SUM(LENGTH(bytes)) AS SIGNED) FROM blob_parts";
        let all = i64::try_from(photo.len() + signature.len()).unwrap();
        assert_eq!(
            town.world.database.count(bytes).await,
            all,
            "{engine}: no byte twice"
        );

        let _ = depot.sync().await;
        let shown = depot.order(order).await.expect("the depot's");
        assert_eq!(shown["quotes"][0]["photos"], json!([photo_name]));
        assert_eq!(get(&depot, &photo_name).await, Ok(photo), "{engine}");
        assert_eq!(
            get(&depot, &signature_name).await,
            Ok(signature),
            "{engine}"
        );
        assert_eq!(
            get(&li, &signature_name).await,
            Err(json!("not_found")),
            "{engine}: not li's visit"
        );
    }
}
