//! A real gnome-keyring on a session bus of its own, under `dbus-run-session`: one login of one user. Reset, it is what a
//! user has after "forgot the keyring's password": the same bus, an empty keyring.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::device::Device;
use crate::proc::{Finished, Process, run};

/// How long the keyring may take to come up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What runs inside the session: says where its bus is, then is the keyring.
const SESSION: &str = r#"echo "bus at $DBUS_SESSION_BUS_ADDRESS"
printf '%s' 'a password of this test only' | gnome-keyring-daemon --foreground --unlock --components=secrets"#;

/// A session with a keyring.
pub struct Keyring {
    home: TempDir,
    session: Process,
    bus: String,
}

impl Keyring {
    /// A new, empty, unlocked keyring.
    pub async fn start() -> Self {
        let home = TempDir::with_prefix("huishou-keyring-").expect("a temporary folder");
        let (session, bus) = begin(&home).await;
        Self { home, session, bus }
    }

    /// The user's keyring is another, empty one from now on.
    pub async fn reset(&mut self) {
        self.stop();
        std::fs::remove_dir_all(self.data()).expect("the keyring's files");
        self.resume().await;
    }

    /// The user's keyring is another, empty one, and the first is put by: a backup, another login.
    pub async fn put_by(&mut self) {
        self.stop();
        std::fs::rename(self.data(), self.put_by_data()).expect("the keyring's files");
        self.resume().await;
    }

    /// The keyring that was put by is the user's again.
    pub async fn take_back(&mut self) {
        self.stop();
        std::fs::remove_dir_all(self.data()).expect("the keyring's files");
        std::fs::rename(self.put_by_data(), self.data()).expect("the keyring's files");
        self.resume().await;
    }

    fn put_by_data(&self) -> PathBuf {
        self.home.path().join("put-by")
    }

    /// The session ends, and with it the keyring service; its files stay.
    pub fn stop(&mut self) {
        self.session.kill_group();
    }

    /// The user signs in again.
    pub async fn resume(&mut self) {
        (self.session, self.bus) = begin(&self.home).await;
    }

    /// Where the keyring's files lie.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// What a program of this session has in its environment.
    #[must_use]
    pub fn environment(&self) -> [(String, String); 2] {
        [
            ("DBUS_SESSION_BUS_ADDRESS".into(), self.bus.clone()),
            (
                "XDG_DATA_HOME".into(),
                self.data().to_string_lossy().into_owned(),
            ),
        ]
    }

    /// The labels of everything that lies in the keyring, as any other program of the session sees them.
    pub async fn labels(&self) -> Vec<String> {
        let found = self
            .call(
                "/org/freedesktop/secrets",
                "org.freedesktop.Secret.Service.SearchItems",
                &["{}"],
            )
            .await;
        let mut labels = Vec::new();
        for path in found
            .stdout
            .split('\'')
            .filter(|part| part.starts_with("/org/"))
        {
            let read = [
                "org.freedesktop.Secret.Item".to_owned(),
                "Attributes".to_owned(),
            ];
            let read: Vec<&str> = read.iter().map(String::as_str).collect();
            let item = self
                .call(path, "org.freedesktop.DBus.Properties.Get", &read)
                .await;
            labels.push(item.stdout);
        }
        labels
    }

    async fn call(&self, path: &str, method: &str, arguments: &[&str]) -> Finished {
        let mut command = Command::new("gdbus");
        command
            .args(["call", "--session", "--dest", "org.freedesktop.secrets"])
            .args(["--object-path", path, "--method", method])
            .args(arguments)
            .envs(self.environment());
        run(command, "").await.expect_success()
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn begin(home: &TempDir) -> (Process, String) {
    let runtime = home.path().join("run");
    for folder in [home.path().join("data"), runtime.clone()] {
        std::fs::create_dir_all(&folder).expect("our own folder");
    }
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&runtime, std::fs::Permissions::from_mode(0o700)).expect("our own");
    let mut command = Command::new("setsid");
    command
        .args(["dbus-run-session", "--", "sh", "-c", SESSION])
        .env("XDG_RUNTIME_DIR", &runtime)
        .env("XDG_DATA_HOME", home.path().join("data"))
        .env("HOME", home.path())
        .env_remove("DBUS_SESSION_BUS_ADDRESS");
    let mut session = Process::spawn(command);
    let line = session.wait_for("bus at ").await;
    let bus = line.trim_start_matches("bus at ").trim().to_owned();
    let deadline = Instant::now() + PATIENCE;
    while !is_up(&bus).await {
        assert!(
            Instant::now() < deadline,
            "the keyring did not come up: {}",
            session.log()
        );
        sleep(Duration::from_millis(50)).await;
    }
    (session, bus)
}

/// Whether the service is there (asking it before would start another one) and its default collection is unlocked.
async fn is_up(bus: &str) -> bool {
    let mut command = Command::new("gdbus");
    command
        .args(["call", "--session", "--dest", "org.freedesktop.DBus"])
        .args(["--object-path", "/", "--method"])
        .args([
            "org.freedesktop.DBus.NameHasOwner",
            "org.freedesktop.secrets",
        ])
        .env("DBUS_SESSION_BUS_ADDRESS", bus);
    if !run(command, "").await.stdout.contains("true") {
        return false;
    }
    let mut command = Command::new("gdbus");
    command
        .args(["call", "--session", "--dest", "org.freedesktop.secrets"])
        .args(["--object-path", "/org/freedesktop/secrets/aliases/default"])
        .args(["--method", "org.freedesktop.DBus.Properties.Get"])
        .args(["org.freedesktop.Secret.Collection", "Locked"])
        .env("DBUS_SESSION_BUS_ADDRESS", bus);
    run(command, "").await.stdout.contains("false")
}

impl Device {
    /// This device's keys lie in the keyring from now on, not in the environment.
    pub fn use_keyring(&mut self, keyring: &Keyring) {
        self.set_env("HUISHOU_STORE_KEY", "");
        for (key, value) in keyring.environment() {
            self.set_env(&key, &value);
        }
    }
}
