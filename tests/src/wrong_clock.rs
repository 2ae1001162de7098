//! A wall clock that is wrong by days, for one process: a small library in front of the C library's clock, made with
//! the linker that Rust needs anyway.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::device::Device;

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static long wrong(void) { const char *s = getenv("WRONG_CLOCK_SECONDS"); return s ? atol(s) : 0; }
int clock_gettime(clockid_t id, struct timespec *at) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int done = real(id, at);
  if (done == 0 && id == CLOCK_REALTIME) at->tv_sec += wrong();
  return done;
}
int gettimeofday(struct timeval *at, void *zone) {
  struct timespec now;
  (void)zone;
  int done = clock_gettime(CLOCK_REALTIME, &now);
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return done;
}
time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}
"#;

/// The library, built once a test.
#[derive(Debug)]
pub struct WrongClock {
    folder: TempDir,
}

impl WrongClock {
    /// Builds it.
    #[must_use]
    pub fn build() -> Self {
        let folder = TempDir::with_prefix("huishou-clock-").expect("a temporary folder");
        let mut compiler = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-x", "c", "-", "-ldl", "-o"])
            .arg(folder.path().join("clock.so"))
            .stdin(Stdio::piped())
            .spawn()
            .expect("cc, which links Rust programs");
        let mut input = compiler.stdin.take().expect("piped");
        input.write_all(SOURCE.as_bytes()).expect("cc reads");
        drop(input);
        assert!(compiler.wait().expect("cc ends").success(), "cc built it");
        Self { folder }
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("clock.so")
    }

    /// This device's wall clock is from now on so many seconds ahead (behind, if negative).
    pub fn set(&self, device: &mut Device, seconds: i64) {
        device.set_env("LD_PRELOAD", &self.library().to_string_lossy());
        device.set_env("WRONG_CLOCK_SECONDS", &seconds.to_string());
    }
}
