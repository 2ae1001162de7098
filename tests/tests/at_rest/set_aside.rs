//! A store whose key is gone makes room for a new one and comes back with its key, whatever cuts the moving off.

use blackbox::{Device, Engine, Town};
use serde_json::Value;

use crate::support::{counter, device_id, refusal, ticket, waiting};

const OTHER_KEY: &str = "7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e";

/// The names of what was set aside.
async fn aside(device: &Device) -> Vec<String> {
    let told = device.call(&["bring-back"]).await;
    let names = told.as_array().unwrap().iter();
    names
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_begins_anew_is_another_device_and_each_sends_its_own_once() {
    let town = Town::start(Engine::MariaDb).await;
    let mut device = counter(&town).await;
    assert_eq!(refusal(&device, &["set-aside"]).await, "store_opens");
    let (first, made) = (device_id(&device).await, ticket(&device).await);
    device.set_env("HUISHOU_STORE_KEY", OTHER_KEY);
    assert_eq!(refusal(&device, &["pending"]).await, "store_key_wrong");
    let _ = device.call(&["set-aside"]).await;
    let code = town.pairing_code().await;
    let _ = device.login(Some(&code), "station1", town.password()).await;
    let _ = device.sync().await;
    assert_ne!(device_id(&device).await, first);
    let since = ticket(&device).await;
    let [name] = aside(&device).await.try_into().unwrap();
    let refused = refusal(&device, &["bring-back", &name]).await;
    assert_eq!(refused, "unsent_here");
    assert_eq!(waiting(&device).await, [since]);
    let _ = device.sync().await;
    device.unset_env("HUISHOU_STORE_KEY");
    let _ = device.call(&["bring-back", &name]).await;
    assert_eq!(device_id(&device).await, first);
    assert_eq!(waiting(&device).await, [made]);
    let _ = device.sync().await;
    device.agrees().await;
    let tickets = "SELECT COUNT(*) FROM mutations";
    assert_eq!(town.world.database.count(tickets).await, 2);
}

/// Named so that the runner gives it the machine to itself: kill after kill.
mod crash {
    use super::*;

    async fn dies_at(device: &mut Device, point: &str, arguments: &[&str]) {
        device.set_env("HUISHOU_CRASH_AT", point);
        let died = device.run(arguments).await;
        let said = format!("{point}: {}{}", died.stdout, died.stderr);
        assert_eq!(died.status.code(), None, "{said}");
        device.unset_env("HUISHOU_CRASH_AT");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn cut_off_anywhere_it_goes_on_at_the_next_start_there_and_back() {
        let town = Town::start(Engine::MariaDb).await;
        let there = [
            "aside.after_mark",
            "aside.after_file:4",
            "aside.after_file:9",
            "aside.before_end",
        ];
        let back = [
            "aside.after_file:4",
            "aside.before_back",
            // Those that are put away first, each of them there or not, and a few of those that come back.
            "aside.after_file:18",
            "aside.before_end",
        ];
        for (point, point_back) in there.into_iter().zip(back) {
            let mut device = counter(&town).await;
            let made = ticket(&device).await;
            device.set_env("HUISHOU_STORE_KEY", OTHER_KEY);
            dies_at(&mut device, point, &["set-aside"]).await;
            let state = device.call(&["session"]).await;
            assert_eq!(state["device_id"], Value::Null, "{point}: a new store");
            let [name] = aside(&device).await.try_into().unwrap();
            device.unset_env("HUISHOU_STORE_KEY");
            dies_at(&mut device, point_back, &["bring-back", &name]).await;
            assert_eq!(waiting(&device).await, [made], "{point} {point_back}");
            assert_eq!(aside(&device).await.len(), 1, "the other one");
            let _ = device.sync().await;
            device.agrees().await;
        }
    }
}
