//! The line between a device and the server: a TCP relay that loses the answers to requests a test names, after the
//! server has done what was asked, or changes what is answered.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A relay in front of a server.
pub struct Lossy {
    url: String,
    rules: Arc<Rules>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Rules {
    lose: Mutex<Option<String>>,
    left: Mutex<u32>,
    lost: AtomicU32,
    change: Mutex<Option<(String, String)>>,
    heard: Mutex<String>,
}

impl Lossy {
    /// In front of the server at `http://…`.
    pub async fn before(server: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (rules, server) = (
            Arc::new(Rules::default()),
            server.trim_start_matches("http://").to_owned(),
        );
        let shared = Arc::clone(&rules);
        let task = tokio::spawn(async move {
            while let Ok((device, _)) = listener.accept().await {
                tokio::spawn(relay(device, server.clone(), Arc::clone(&shared)));
            }
        });
        Self { url, rules, task }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next so many answers to requests that begin so (`POST /path`) are lost.
    pub fn lose(&self, request: &str, answers: u32) {
        *self.rules.lose.lock().expect("no panic") = Some(request.to_owned());
        *self.rules.left.lock().expect("no panic") = answers;
    }

    /// Answers lost so far.
    #[must_use]
    pub fn lost(&self) -> u32 {
        self.rules.lost.load(Ordering::SeqCst)
    }

    /// From now on this text in answers reads otherwise; both have the same length.
    pub fn change(&self, from: &str, to: &str) {
        assert_eq!(from.len(), to.len(), "Content-Length stays right");
        *self.rules.change.lock().expect("no panic") = Some((from.to_owned(), to.to_owned()));
    }

    /// The last answer that came from the server, head and body, changed or not.
    #[must_use]
    pub fn heard(&self) -> String {
        self.rules.heard.lock().expect("no panic").clone()
    }

    /// Answers are left alone again.
    pub fn be_honest(&self) {
        *self.rules.change.lock().expect("no panic") = None;
    }
}

impl Drop for Lossy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Rules {
    fn loses(&self, request: &[u8]) -> bool {
        let lose = self.lose.lock().expect("no panic").clone();
        let named = lose.is_some_and(|begin| request.starts_with(begin.as_bytes()));
        if !named {
            return false;
        }
        let mut left = self.left.lock().expect("no panic");
        let loses = *left > 0;
        *left = left.saturating_sub(1);
        loses
    }

    fn changed(&self, answer: &[u8]) -> Vec<u8> {
        *self.heard.lock().expect("no panic") = String::from_utf8_lossy(answer).into_owned();
        match &*self.change.lock().expect("no panic") {
            Some((from, to)) => String::from_utf8_lossy(answer)
                .replace(from, to)
                .into_bytes(),
            None => answer.to_vec(),
        }
    }
}

/// The same request for an answer that is not compressed, so that it can be read and changed on the way.
fn plainly(request: &[u8]) -> Vec<u8> {
    const ASKS: &[u8] = b"accept-encoding:";
    let mut plain = request.to_vec();
    if let Some(at) = plain
        .windows(ASKS.len())
        .position(|w| w.eq_ignore_ascii_case(ASKS))
    {
        plain[at] = b'x';
    }
    plain
}

/// One connection: the device's client sends a request whole before it reads, so a request begins a write.
async fn relay(mut device: TcpStream, server: String, rules: Arc<Rules>) {
    let Ok(mut there) = TcpStream::connect(&server).await else {
        return;
    };
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut losing = false;
    loop {
        tokio::select! {
            read = device.read(&mut up) => match read {
                Ok(n) if n > 0 => {
                    losing |= rules.loses(&up[..n]);
                    if there.write_all(&plainly(&up[..n])).await.is_err() { return; }
                }
                _ => return,
            },
            read = there.read(&mut down) => match read {
                Ok(n) if n > 0 && losing => {
                    // The server has done it and says so; nobody hears.
                    rules.lost.fetch_add(1, Ordering::SeqCst);
                    return;
                }
                Ok(n) if n > 0 => {
                    if device.write_all(&rules.changed(&down[..n])).await.is_err() { return; }
                }
                _ => return,
            },
        }
    }
}
