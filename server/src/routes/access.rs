//! The line in the log for each request that went well: the same as every other line, but written by a thread of its own,
//! many at a time, so that no request waits for whoever reads the log. What could not be written for long is dropped and
//! counted, never kept without bounds.

use chrono::{DateTime, Utc};
use std::{
    cell::RefCell,
    io::Write,
    sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

/// Lines are gathered for so long.
const GATHER: Duration = Duration::from_millis(20);
/// Most bytes that wait to be written.
const MOST: usize = 1 << 20;
/// Where a line comes from, for filters.
const TARGET: &str = "huishou_server::routes::entry";

/// A request that was answered.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// As a label.
    pub method: &'a str,
    /// The route's pattern.
    pub route: &'a str,
    /// HTTP status.
    pub status: u16,
    /// Milliseconds it took.
    pub ms: u64,
    /// Its id: visible ASCII without quotes.
    pub request_id: &'a str,
    /// The problem's code, or empty.
    pub code: &'a str,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    writing: bool,
}

#[derive(Default)]
struct Log {
    waiting: Mutex<Waiting>,
    some: Condvar,
    written: Condvar,
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_for_ever(&self) {
        loop {
            let waiting = self.lock();
            let empty = |waiting: &mut Waiting| waiting.lines.is_empty();
            drop(self.some.wait_while(waiting, empty));
            std::thread::sleep(GATHER);
            self.write();
        }
    }

    fn write(&self) {
        let mut waiting = self.lock();
        let lines = std::mem::take(&mut waiting.lines);
        waiting.writing = true;
        drop(waiting);
        // Nobody can be told that the log cannot be written.
        std::io::stderr().lock().write_all(&lines).ok();
        self.lock().writing = false;
        self.written.notify_all();
    }
}

fn log() -> Option<&'static Log> {
    static LOG: OnceLock<Option<&'static Log>> = OnceLock::new();
    *LOG.get_or_init(|| {
        let log: &'static Log = Box::leak(Box::default());
        let writer = std::thread::Builder::new().name("access log".to_owned());
        writer.spawn(|| log.write_for_ever()).ok().map(|_| log)
    })
}

/// Writes the line, soon.
pub fn note(line: Line<'_>) {
    if !tracing::enabled!(target: TARGET, tracing::Level::INFO) {
        return;
    }
    let Some(log) = log() else { return };
    let mut waiting = log.lock();
    let was_empty = waiting.lines.is_empty();
    if waiting.lines.len() > MOST {
        metrics::counter!("log_lines_dropped_total").increment(1);
        return;
    }
    put(&mut waiting.lines, line, Utc::now());
    drop(waiting);
    if was_empty {
        log.some.notify_one();
    }
}

/// Waits until everything noted so far is written: the end of the process.
pub fn flush() {
    let Some(log) = log() else { return };
    log.write();
    let waiting = log.lock();
    drop(log.written.wait_while(waiting, |waiting| waiting.writing));
}

fn put(out: &mut Vec<u8>, line: Line<'_>, at: DateTime<Utc>) {
    let Line {
        method,
        route,
        status,
        ms,
        request_id,
        code,
    } = line;
    out.extend_from_slice(b"{\"timestamp\":\"");
    put_second(out, at);
    // To a Vec nothing fails.
    let micros = at.timestamp_subsec_micros();
    write!(
        out,
        ".{micros:06}Z\",\"level\":\"INFO\",\"fields\":{{\"message\":\"request\",\"method\":\"{method}\",\"route\":\"{route}\",\"status\":{status},\
         \"ms\":{ms},\"request_id\":\"{request_id}\",\"code\":\"{code}\"}},\"target\":\"{TARGET}\"}}"
    )
    .ok();
    out.push(b'\n');
}

/// The instant to the second: written once a second and thread.
fn put_second(out: &mut Vec<u8>, at: DateTime<Utc>) {
    thread_local! {
        static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
    }
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != at.timestamp() {
            *second = at.timestamp();
            *text = at.format("%Y-%m-%dT%H:%M:%S").to_string();
        }
        out.extend_from_slice(text.as_bytes());
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_is_json_like_every_other() {
        let mut out = Vec::new();
        let line = Line {
            method: "GET",
            route: "/api/v1/appointments/{id}",
            status: 404,
            ms: 3,
            request_id: "0193-a_b.c:d",
            code: "not_found",
        };
        let at = DateTime::from_timestamp(1_800_000_000, 7_008_000).unwrap();
        for _ in 0..2 {
            out.clear();
            put(&mut out, line, at);
            let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(read["timestamp"], "2027-01-15T08:00:00.007008Z");
            assert_eq!(read["level"], "INFO");
            assert_eq!(read["target"], TARGET);
            assert_eq!(
                read["fields"],
                serde_json::json!({"message": "request", "method": "GET", "route": line.route, "status": 404, "ms": 3, "request_id": line.request_id, "code": "not_found"})
            );
            assert_eq!(out.last(), Some(&b'\n'));
        }
    }
}
