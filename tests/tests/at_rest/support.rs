//! Verbs of these tests.

use std::path::{Path, PathBuf};

use blackbox::goods::iron;
use blackbox::proc::Finished;
use blackbox::{Desk, Device, Town};
use serde_json::{Value, json};

/// The code of a refusal: not success, no signal, no panic.
#[track_caller]
pub fn refused(done: &Finished, what: &str) -> String {
    let said = format!("{what}: {}\n{}", done.stdout, done.stderr);
    assert!(
        !done.status.success() && done.status.code().is_some(),
        "{said}"
    );
    assert!(!said.contains("panicked"), "{said}");
    done.json()["code"]
        .as_str()
        .unwrap_or_else(|| panic!("no code: {said}"))
        .to_owned()
}

/// Runs a command that must be refused; answers its code.
pub async fn refusal(device: &Device, arguments: &[&str]) -> String {
    refused(&device.run(arguments).await, &arguments.join(" "))
}

/// Buys ten kilograms of iron over the counter, offline; answers the command's uid.
pub async fn ticket(device: &Device) -> String {
    let args = json!({"items": iron("10")});
    let made = device.exec("ticket.create", &args).await;
    made["uid"].as_str().expect("a uid").to_owned()
}

/// Tries the same.
pub async fn try_ticket(device: &Device) -> Finished {
    let args = json!({"items": iron("10")}).to_string();
    device.run(&["exec", "ticket.create", &args]).await
}

/// Uids of what waits for a verdict, in order.
pub async fn waiting(device: &Device) -> Vec<String> {
    let pending = device.call(&["pending"]).await;
    let rows = pending.as_array().expect("a list");
    let uid = |row: &Value| row["uid"].as_str().expect("a uid").to_owned();
    rows.iter().map(uid).collect()
}

/// The device's id.
pub async fn device_id(device: &Device) -> String {
    let state = device.call(&["session"]).await;
    state["device_id"].as_str().expect("registered").to_owned()
}

/// Code of the last failure.
pub async fn last_error(device: &Device) -> Value {
    device.call(&["status"]).await["last_error"].clone()
}

/// An administrator shuts a device out.
pub async fn shut_out(admin: &Desk, device: &str, mode: &str) {
    let path = format!("/staff/v1/devices/{device}?mode={mode}");
    let answer = admin.api().delete(&path).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
}

/// Everything in quarantine, oldest first.
pub async fn quarantined(admin: &Desk) -> Vec<Value> {
    let answer = admin.api().get("/admin/v1/quarantine?limit=100").await;
    let mut items = answer.expect(200)["items"]
        .as_array()
        .expect("items")
        .clone();
    items.reverse();
    items
}

/// The station's device: tickets are made at the counter, without a visit.
pub async fn counter(town: &Town) -> Device {
    town.device("station1").await
}

/// The folder's files and what is in them.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).expect("the folder");
    let mut files: Vec<(PathBuf, Vec<u8>)> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), std::fs::read(&path).expect("a file")))
        .collect();
    files.sort();
    files
}

/// Names of the folder's files.
pub fn names(folder: &Path) -> Vec<String> {
    let name = |path: &Path| {
        path.file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    };
    files(folder).iter().map(|(path, _)| name(path)).collect()
}
