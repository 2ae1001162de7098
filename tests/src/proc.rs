//! A program as a separate process: its lines are kept, a line can be waited for, and it can be told to
//! stop or be killed by its own process id. Dropped while running, it is killed.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

/// How long a test waits for a line or an end before it fails. Generous: the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running (or ended) program.
pub struct Process {
    name: String,
    child: Child,
    log: Arc<Log>,
    readers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    news: Notify,
}

impl Log {
    fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().expect("no reader panics")
    }

    fn find(&self, needle: &str) -> Option<String> {
        self.lines()
            .iter()
            .find(|line| line.contains(needle))
            .cloned()
    }
}

/// A command for one of the product's binaries, without any `HUISHOU_…` variable of the test's own
/// environment: a test says all it sets.
#[must_use]
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("HUISHOU_") {
            command.env_remove(key);
        }
    }
    command
}

impl Process {
    /// Starts `command`, collecting standard output and standard error line by line.
    #[must_use]
    pub fn spawn(mut command: Command) -> Self {
        let name = Path::new(command.get_program())
            .file_name()
            .unwrap_or(OsStr::new("?"))
            .to_string_lossy()
            .into_owned();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        let log = Arc::new(Log::default());
        let readers = vec![
            collect(child.stdout.take().expect("piped"), Arc::clone(&log)),
            collect(child.stderr.take().expect("piped"), Arc::clone(&log)),
        ];
        Self {
            name,
            child,
            log,
            readers,
        }
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the first line, printed already or to come, that contains `needle`; answers that line.
    pub async fn wait_for(&mut self, needle: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = Arc::clone(&self.log);
            let news = log.news.notified();
            if let Some(line) = self.log.find(needle) {
                return line;
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                self.join_readers();
                return self.log.find(needle).unwrap_or_else(|| {
                    self.fail(&format!("ended with {status} before it printed {needle:?}"))
                });
            }
            // Woken by each line; looks at least every 100 ms whether the program has ended without one.
            let _ = timeout_at(
                deadline.min(Instant::now() + Duration::from_millis(100)),
                news,
            )
            .await;
            if Instant::now() >= deadline {
                self.fail(&format!("did not print {needle:?} within {PATIENCE:?}"));
            }
        }
    }

    /// The `http://…` address of the line `listening on http://…`, without a trailing slash.
    pub async fn wait_for_address(&mut self) -> String {
        let line = self.wait_for("listening on http").await;
        let start = line.find("http").expect("the line names an address");
        let address = line[start..]
            .split(|c: char| c.is_whitespace() || c == '"')
            .next()
            .expect("an address");
        address.trim_end_matches('/').to_owned()
    }

    /// Everything printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lines().join("\n")
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks the process to stop (SIGTERM); see [`Process::wait`].
    pub fn terminate(&self) {
        signal(self.pid(), "TERM");
    }

    /// Ends the process and all it started at once; for one that was started by `setsid`.
    pub fn kill_group(&mut self) {
        let group = format!("-{}", self.pid());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).output();
        self.kill();
    }

    /// Ends the process at once (SIGKILL), as a power cut would.
    pub fn kill(&mut self) {
        // Fails only when the process has ended already, which is what was asked for.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.join_readers();
    }

    /// Waits for the end; answers its status. Afterwards [`Process::log`] is complete.
    pub async fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                self.join_readers();
                return status;
            }
            if Instant::now() >= deadline {
                self.fail(&format!("did not end within {PATIENCE:?}"));
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    fn join_readers(&mut self) {
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader only reads");
        }
    }

    fn fail(&self, what: &str) -> ! {
        panic!("{} {what}; it printed:\n{}", self.name, self.log());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- {} printed ---\n{}\n---", self.name, self.log());
        }
    }
}

fn collect(stream: impl Read + Send + 'static, log: Arc<Log>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            log.lines()
                .push(String::from_utf8_lossy(&line).trim_end().to_owned());
            log.news.notify_waiters();
        }
    })
}

/// Sends a signal (`TERM`, `KILL`, `STOP`, `CONT`, …) to exactly one process.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .stderr(Stdio::null())
        .status();
    status.expect("the kill command");
}

/// What a program that ran to its end left: see [`run`].
#[derive(Debug)]
pub struct Finished {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Finished {
    /// Itself, if the exit status is 0; otherwise the test fails with all that was printed.
    #[must_use]
    pub fn expect_success(self) -> Self {
        assert!(
            self.status.success(),
            "ended with {}:\n{}\n{}",
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Standard output as JSON: one value, or the last line when there are several lines.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let last = self.stdout.trim().lines().last().unwrap_or_default();
        serde_json::from_str(&self.stdout)
            .or_else(|_| serde_json::from_str(last))
            .unwrap_or_else(|error| panic!("not JSON ({error}):\n{}\n{}", self.stdout, self.stderr))
    }
}

/// Runs a command to its end, giving it `input` on standard input.
pub async fn run(mut command: Command, input: &str) -> Finished {
    let input = input.to_owned();
    let name = command.get_program().to_string_lossy().into_owned();
    let work = move || {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut stdin = child.stdin.take().expect("piped");
        // A program that does not read its input closes it: no failure.
        let writer =
            std::thread::spawn(move || std::io::Write::write_all(&mut stdin, input.as_bytes()));
        let output = child.wait_with_output();
        let _ = writer.join();
        output
    };
    let output = tokio::task::spawn_blocking(work)
        .await
        .expect("no panic")
        .unwrap_or_else(|error| panic!("cannot run {name}: {error}"));
    Finished {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
