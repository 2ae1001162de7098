//! The desktop app in a real window, driven as a person would: by WebDriver (tauri-driver with WebKit's own driver).
//! On a machine without a screen the driver runs under `scripts/headless`.

mod page;
mod work;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::paths::{bin, free_port, root, script};
use crate::proc::{PATIENCE, Process, command, signal};

pub use fantoccini::key::Key;
pub use page::Page;
pub use work::Weighed;

/// How an app is started: its data folder and its environment, nothing else.
#[derive(Clone, Debug)]
pub struct Start {
    data: PathBuf,
    environment: Vec<(String, String)>,
    pictures: PathBuf,
}

impl Start {
    /// An app whose store, settings and logs are in `data`.
    #[must_use]
    pub fn in_folder(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            environment: vec![("HUISHOU_DATA_DIR".into(), data.display().to_string())],
            pictures: root().join("target/desktop-screenshots"),
        }
    }

    /// With one more environment variable.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.environment.push((key.to_owned(), value.to_owned()));
        self
    }

    /// With another folder for its pictures than `target/desktop-screenshots`.
    #[must_use]
    pub fn pictures_in(mut self, folder: &Path) -> Self {
        folder.clone_into(&mut self.pictures);
        self
    }

    /// Opens the app's window and waits until its page is there.
    pub async fn open(&self) -> App {
        let (port, native) = (free_port(), free_port());
        let mut driver = Driver(Process::spawn(self.driver(port, native)));
        let client = self.connect(&mut driver.0, [port, native]).await;
        let page = Page::new(client, &self.pictures);
        let app = App {
            driver,
            page,
            start: self.clone(),
        };
        app.page.ready().await;
        app
    }

    fn driver(&self, port: u16, native: u16) -> Command {
        // `env` stands innermost: what a test sets, a virtual screen's own settings do not undo.
        let mut driver = if has_screen() {
            command(Path::new("env"))
        } else {
            let mut headless = command(&script("headless"));
            headless.arg("env");
            headless
        };
        driver
            .args(["TZ=Asia/Shanghai", "LANG=C.UTF-8"])
            .args(
                self.environment
                    .iter()
                    .map(|(key, value)| format!("{key}={value}")),
            )
            .arg(tauri_driver())
            .args(["--port", &port.to_string()])
            .args(["--native-port", &native.to_string()]);
        driver
    }

    async fn connect(&self, driver: &mut Process, ports: [u16; 2]) -> Client {
        for port in ports {
            listens(driver, port).await;
        }
        let mut wanted = serde_json::Map::new();
        wanted.insert("browserName".into(), json!("wry"));
        wanted.insert(
            "tauri:options".into(),
            json!({"application": bin("huishou")}),
        );
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let address = format!("http://127.0.0.1:{}", ports[0]);
        let opened = tokio::time::timeout(PATIENCE, builder.capabilities(wanted).connect(&address));
        match opened.await {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => panic!("no window: {error}\n{}", driver.log()),
            Err(_) => panic!("no window within {PATIENCE:?}\n{}", driver.log()),
        }
    }
}

async fn listens(driver: &mut Process, port: u16) {
    let deadline = Instant::now() + PATIENCE;
    while tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .is_err()
    {
        assert!(
            driver.is_running() && Instant::now() < deadline,
            "the driver does not start:\n{}",
            driver.log()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn has_screen() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn tauri_driver() -> PathBuf {
    let ours = root().join(".data/tools/bin/tauri-driver");
    if ours.exists() {
        ours
    } else {
        "tauri-driver".into()
    }
}

/// A running app. Dropped, it is ended.
pub struct App {
    // Dropped last: the driver takes the screen away.
    page: Page,
    driver: Driver,
    start: Start,
}

impl std::ops::Deref for App {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.page
    }
}

impl App {
    /// Ends the app at once (SIGKILL), as a power cut would, and opens it again.
    pub async fn kill_and_reopen(self) -> Self {
        let start = self.start.clone();
        self.kill().await;
        start.open().await
    }

    /// Ends the app at once (SIGKILL).
    pub async fn kill(self) {
        let running = self.pids();
        assert_eq!(
            running.len(),
            1,
            "one app runs on {}",
            self.start.data.display()
        );
        for pid in running {
            signal(pid, "KILL");
        }
        self.gone().await;
    }

    /// Closes the window in order and waits until the app has ended.
    pub async fn close(self) {
        let _ = self.page.client().clone().close().await;
        for pid in self.pids() {
            signal(pid, "TERM");
        }
        self.gone().await;
    }

    /// How this app was started.
    #[must_use]
    pub fn start(&self) -> &Start {
        &self.start
    }

    /// A second start beside this app, as by a second double click on the same screen.
    #[must_use]
    pub fn start_again(&self) -> Process {
        let environment = self
            .pids()
            .first()
            .and_then(|pid| std::fs::read(format!("/proc/{pid}/environ")).ok())
            .expect("the app runs");
        let text = String::from_utf8_lossy(&environment).into_owned();
        let mut second = command(&bin("huishou"));
        second
            .env_clear()
            .envs(text.split('\0').filter_map(|one| one.split_once('=')));
        Process::spawn(second)
    }

    /// What app and driver printed, and the app's log files.
    #[must_use]
    pub fn log(&self) -> String {
        let mut text = self.driver.0.log();
        for entry in std::fs::read_dir(self.start.data.join("logs"))
            .into_iter()
            .flatten()
            .flatten()
        {
            text.push('\n');
            text.push_str(&std::fs::read_to_string(entry.path()).unwrap_or_default());
        }
        text
    }

    /// Waits until app or driver have printed or logged this.
    pub async fn logged(&self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.log().contains(text) {
            assert!(
                Instant::now() < deadline,
                "{text:?} is not in the log:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The process ids of apps running on this app's data folder: one.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        let program = bin("huishou");
        let program = std::fs::canonicalize(&program).unwrap_or(program);
        let folder = format!("HUISHOU_DATA_DIR={}", self.start.data.display());
        std::fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| runs(*pid, &program, &folder))
            .collect()
    }

    async fn gone(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.pids().is_empty() {
            assert!(Instant::now() < deadline, "the app does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn runs(pid: u32, program: &Path, variable: &str) -> bool {
    // A rebuilt program's running copy is called "… (deleted)".
    let is_program = std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| {
        exe.to_string_lossy().trim_end_matches(" (deleted)") == program.to_string_lossy()
    });
    is_program
        && std::fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
            environment
                .split(|byte| *byte == 0)
                .any(|one| one == variable.as_bytes())
        })
}

impl Drop for App {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the app printed ---\n{}\n---", self.log());
        }
        for pid in self.pids() {
            signal(pid, "KILL");
        }
    }
}

struct Driver(Process);

impl Drop for Driver {
    /// In order, so that the driver takes its own children, and a virtual screen, with it.
    fn drop(&mut self) {
        self.0.terminate();
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.0.is_running() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A value of the app's own making, or `null`: reads `path` (`/a/0/b`) in `value`.
#[must_use]
pub fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    value.pointer(path).unwrap_or(&Value::Null)
}
