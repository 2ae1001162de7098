//! The binary: it says where it listens, and SIGTERM and Ctrl-C stop it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

fn start(arguments: &[&str]) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_huishou-sandbox"));
    let mut child = command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let base = line
        .trim()
        .strip_prefix("listening on ")
        .unwrap()
        .to_owned();
    (child, base)
}

fn stop(child: &mut Child, signal: &str) -> ExitStatus {
    Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status()
        .unwrap();
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "it did not stop on {signal}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

async fn healthz(base: &str) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client
        .get(format!("{base}/healthz"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
}

#[tokio::test]
async fn it_listens_where_it_says_and_stops_cleanly_on_either_signal() {
    for signal in ["-TERM", "-INT"] {
        let (mut child, base) = start(&["serve"]);
        assert!(
            base.starts_with("http://127.0.0.1:") && !base.ends_with(":0"),
            "{base}"
        );
        assert_eq!(healthz(&base).await, "ok");
        assert!(stop(&mut child, signal).success());
    }
}

#[tokio::test]
async fn a_call_under_way_does_not_keep_it_from_stopping() {
    let (mut child, base) = start(&["serve", "--listen", "127.0.0.1:0"]);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let order = serde_json::json!({"service": "wechat", "fault": "delay", "value": 60_000});
    client
        .post(format!("{base}/__control"))
        .json(&order)
        .send()
        .await
        .unwrap();
    let hanging = tokio::spawn(client.get(format!("{base}/sns/jscode2session")).send());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let stopped = tokio::task::spawn_blocking(move || stop(&mut child, "-TERM"))
        .await
        .unwrap();
    assert!(stopped.success());
    assert!(hanging.await.unwrap().is_err());
}

#[tokio::test]
async fn appid_and_secret_can_be_set() {
    let (mut child, base) = start(&[
        "serve",
        "--wechat-appid",
        "wxmine",
        "--wechat-secret",
        "mine",
    ]);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!(
        "{base}/sns/jscode2session?appid=wxmine&secret=mine&js_code=sandbox:a&grant_type=authorization_code"
    );
    let answer = client.get(url).send().await.unwrap().text().await.unwrap();
    assert!(answer.contains("openid"), "{answer}");
    assert!(stop(&mut child, "-TERM").success());
}
