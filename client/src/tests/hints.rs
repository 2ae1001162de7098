//! Hints over lines that buffer, hang, close and come back; packed requests to servers that read them and to those that
//! do not.

use super::device::Device;
use crate::{
    store::{Commit, meta},
    sync::{
        hints::{Ear, Heard, Listener, Pace, Way, listen},
        http::Http,
    },
};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

const PACE: Pace = Pace {
    silence: Duration::from_millis(400),
    short: Duration::from_millis(600),
    wait: Duration::from_millis(300),
    pause: Duration::from_millis(10),
    away: Duration::from_millis(50),
    rest: Duration::from_secs(60),
};

const STREAM: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// A request as it came.
struct Asked {
    line: String,
    head: String,
    body: Vec<u8>,
}

async fn read(line: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                let line = head.lines().next().unwrap().to_owned();
                let body = bytes[end + 4..].to_vec();
                return Some(Asked { line, head, body });
            }
        }
        let mut more = [0; 4096];
        match line.read(&mut more).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend(&more[..count]),
        }
    }
}

fn whole(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Serves each connection with `answer`; what was asked is noted.
async fn serve<F, A>(answer: F) -> (u16, Arc<Mutex<Vec<String>>>)
where
    F: Fn(TcpStream, Asked) -> A + Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&asked);
    tokio::spawn(async move {
        let answer = Arc::new(answer);
        loop {
            let (mut line, _) = listener.accept().await.unwrap();
            let (answer, notes) = (Arc::clone(&answer), Arc::clone(&notes));
            tokio::spawn(async move {
                if let Some(asked) = read(&mut line).await {
                    notes.lock().unwrap().push(asked.line.clone());
                    answer(line, asked).await;
                }
            });
        }
    });
    (port, asked)
}

fn http(port: u16) -> Http {
    Http::new(&format!("http://127.0.0.1:{port}")).unwrap()
}

#[derive(Default)]
struct Counted {
    hints: AtomicU32,
    connected: AtomicU32,
}

impl Listener for Counted {
    fn connected(&self) {
        self.connected.fetch_add(1, Ordering::SeqCst);
    }
    fn hint(&self) {
        self.hints.fetch_add(1, Ordering::SeqCst);
    }
}

async fn heard(port: u16, way: Way) -> (Heard, u32) {
    let counted = Counted::default();
    let heard = listen(&http(port), "t", way, &PACE, &mut Ear::default(), &counted).await;
    (heard, counted.hints.load(Ordering::SeqCst))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn a_stream_gives_each_news_once_and_its_end_is_no_failure() {
    runtime().block_on(async {
        let (port, asked) = serve(|mut line, _| async move {
            let events = [
                ": hello\n\n",
                "event: head\ndata: {\"scope\":\"admin\",\"he",
                "ad\":7}\n\n",
                "event: head\ndata: {\"scope\":\"x\",\"head\":7}\n\n",
                "event: head\r\ndata: {\"scope\":\"admin\",\"head\":9}\r\n\r\n",
            ];
            line.write_all(STREAM.as_bytes()).await.unwrap();
            for part in events {
                line.write_all(part.as_bytes()).await.unwrap();
                sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        assert_eq!(heard(port, Way::Stream).await, (Heard::Something, 2));
        assert_eq!(asked.lock().unwrap()[..], ["get /sync/v1/events http/1.1"]);
    });
}

#[test]
fn a_line_that_hangs_or_holds_back_is_left_after_a_while() {
    runtime().block_on(async {
        let (port, _) = serve(|mut line, _| async move {
            line.write_all(STREAM.as_bytes()).await.unwrap();
            line.write_all(b"data: {\"head\":1}\n\n").await.unwrap();
            sleep(Duration::from_secs(60)).await;
        })
        .await;
        assert_eq!(heard(port, Way::Stream).await, (Heard::Hung, 1));
        let (port, _) = serve(|line, _| async move {
            sleep(Duration::from_secs(60)).await;
            drop(line);
        })
        .await;
        for way in [Way::Stream, Way::Short, Way::LongPoll] {
            assert_eq!(heard(port, way).await, (Heard::Nothing, 0), "{way:?}");
        }
        let (port, _) = serve(|line, _| async move { drop(line) }).await;
        assert_eq!(heard(port, Way::Stream).await, (Heard::Nothing, 0));
    });
}

#[test]
fn a_short_connection_is_ended_here_when_nobody_else_does() {
    runtime().block_on(async {
        let (port, asked) = serve(|mut line, _| async move {
            line.write_all(STREAM.as_bytes()).await.unwrap();
            while line.write_all(b": still here\n\n").await.is_ok() {
                sleep(Duration::from_millis(100)).await;
            }
        })
        .await;
        let done = timeout(Duration::from_secs(5), heard(port, Way::Short)).await;
        assert_eq!(done.unwrap(), (Heard::Something, 0));
        assert!(asked.lock().unwrap()[0].contains("?life="));
    });
}

#[test]
fn answers_that_are_no_hints_say_what_to_do() {
    runtime().block_on(async {
        for (status, means) in [
            ("404 Not Found", Heard::NotThere),
            ("401 Unauthorized", Heard::SignedOut),
            ("429 Too Many Requests", Heard::Busy),
            ("503 Service Unavailable", Heard::Busy),
            ("502 Bad Gateway", Heard::Hung),
        ] {
            let (port, _) = serve(move |mut line, _| async move {
                line.write_all(whole(status, "{}").as_bytes())
                    .await
                    .unwrap();
            })
            .await;
            assert_eq!(heard(port, Way::Stream).await, (means, 0), "{status}");
        }
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        assert_eq!(heard(port, Way::Stream).await, (Heard::Away, 0));
    });
}

fn pointed_at(port: u16) -> Device {
    let device = Device::new();
    let server = format!("http://127.0.0.1:{port}");
    device
        .store(|store| {
            store.write(Commit::Other, |db| {
                meta::set(db, meta::Key::Server, &server)
            })
        })
        .unwrap();
    device
}

#[test]
fn behind_a_proxy_that_buffers_a_device_comes_to_the_long_poll_and_is_woken_by_it() {
    let runtime = runtime();
    let (port, asked) = runtime.block_on(serve(|mut line, asked| async move {
        if asked.line.contains("wait=") {
            let news = if asked.line.contains("since=0") {
                whole("200 OK", "{\"head\":41,\"scopes\":[]}")
            } else {
                sleep(Duration::from_millis(100)).await;
                "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_owned()
            };
            line.write_all(news.as_bytes()).await.unwrap();
        } else {
            sleep(Duration::from_secs(60)).await;
        }
    }));
    let device = pointed_at(port);
    runtime.block_on(async {
        // What was done here before listening began.
        let engine = device.engine.clone();
        let listening = tokio::spawn(async move { engine.listen_at(&PACE).await });
        let woken = timeout(Duration::from_secs(20), device.engine.woken()).await;
        assert!(woken.is_ok(), "the hint came");
        sleep(Duration::from_millis(600)).await;
        listening.abort();
    });
    let asked = asked.lock().unwrap().clone();
    assert!(
        asked[0].starts_with("get /sync/v1/events http"),
        "{asked:?}"
    );
    assert!(asked[1].contains("?life="), "{asked:?}");
    assert!(asked[2].contains("since=0"), "{asked:?}");
    assert!(
        asked[3..].iter().all(|line| line.contains("since=41")),
        "{asked:?}"
    );
    assert!(asked.len() > 4, "and goes on: {asked:?}");
}

#[test]
fn the_network_coming_back_wakes_the_loop() {
    let runtime = runtime();
    let free = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let device = pointed_at(port);
    runtime.block_on(async {
        let engine = device.engine.clone();
        let listening = tokio::spawn(async move { engine.listen_at(&PACE).await });
        let too_early = timeout(Duration::from_millis(500), device.engine.woken()).await;
        assert!(too_early.is_err());
        let back = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let serving = tokio::spawn(async move {
            let (mut line, _) = back.accept().await.unwrap();
            read(&mut line).await;
            line.write_all(STREAM.as_bytes()).await.unwrap();
            sleep(Duration::from_secs(60)).await;
        });
        let woken = timeout(Duration::from_secs(20), device.engine.woken()).await;
        assert!(woken.is_ok());
        listening.abort();
        serving.abort();
    });
}

#[test]
fn nobody_listens_while_the_offline_switch_is_on() {
    let runtime = runtime();
    let (port, asked) = runtime.block_on(serve(|line, _| async move { drop(line) }));
    let device = pointed_at(port);
    device.engine.set_offline(true).unwrap();
    runtime.block_on(async {
        let listening = device.engine.listen_at(&PACE);
        assert!(
            timeout(Duration::from_millis(500), listening)
                .await
                .is_err()
        );
    });
    assert!(asked.lock().unwrap().is_empty());
}

/// How each request came: packed or not, and its length.
type Packing = Arc<Mutex<Vec<(bool, usize)>>>;

async fn unpacking(refusal: Option<&'static str>) -> (u16, Packing) {
    let came: Packing = Arc::default();
    let notes = Arc::clone(&came);
    let (port, _) = serve(move |mut line, asked| {
        let notes = Arc::clone(&notes);
        async move {
            let is_packed = asked.head.contains("content-encoding: zstd");
            notes.lock().unwrap().push((is_packed, asked.body.len()));
            let answer = match refusal.filter(|_| is_packed) {
                Some(status) => whole(status, "{\"code\":\"malformed_json\"}"),
                None => {
                    let body = if is_packed {
                        zstd::bulk::decompress(&asked.body, 1 << 20).unwrap()
                    } else {
                        asked.body
                    };
                    whole("200 OK", &String::from_utf8(body).unwrap())
                }
            };
            line.write_all(answer.as_bytes()).await.unwrap();
        }
    })
    .await;
    (port, came)
}

#[test]
fn long_requests_are_packed_and_sent_plain_to_a_server_that_cannot_read_them() {
    let (short, long) = (
        json!({"a": "x".repeat(100)}),
        json!({"a": "长".repeat(5000)}),
    );
    runtime().block_on(async {
        let (port, came) = unpacking(None).await;
        let line = http(port);
        for body in [&short, &long] {
            let echoed: Value = line.post("/x", None, body).await.unwrap();
            assert_eq!(&echoed, body);
        }
        let came = came.lock().unwrap().clone();
        assert!(!came[0].0 && came[1].0 && came[1].1 < 1000, "{came:?}");
        for refusal in ["415 Unsupported Media Type", "400 Bad Request"] {
            let (port, came) = unpacking(Some(refusal)).await;
            let line = http(port);
            for _ in 0..2 {
                let echoed: Value = line.post("/x", None, &long).await.unwrap();
                assert_eq!(echoed, long);
            }
            let packed: Vec<bool> = came.lock().unwrap().iter().map(|one| one.0).collect();
            assert_eq!(packed, [true, false, false], "tried once: {refusal}");
        }
    });
}
