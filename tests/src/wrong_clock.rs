//! A wall clock that is wrong by days, for one process: a small library in front of the C library's clock, made with
//! the linker that Rust needs anyway.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::device::Device;
use crate::window::Start;

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
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
static const char *other(const char *path) {
  const char *boot = getenv("WRONG_BOOT_ID");
  return boot && *boot && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0 ? boot : path;
}
int open64(const char *path, int flags, ...) {
  static int (*real)(const char *, int, ...);
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
  return real(other(path), flags, mode);
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

    /// An app on a computer that was off for so many seconds: another boot, and a wall clock that went on.
    #[must_use]
    pub fn off_for(&self, start: Start, seconds: i64) -> Start {
        let boot = self.folder.path().join("boot_id");
        std::fs::write(&boot, "0193a000-0000-7000-8000-00000000b007\n").expect("our own folder");
        start
            .with("LD_PRELOAD", &self.library().to_string_lossy())
            .with("WRONG_CLOCK_SECONDS", &seconds.to_string())
            .with("WRONG_BOOT_ID", &boot.to_string_lossy())
    }

    /// This device's wall clock is from now on so many seconds ahead (behind, if negative).
    pub fn set(&self, device: &mut Device, seconds: i64) {
        device.set_env("LD_PRELOAD", &self.library().to_string_lossy());
        device.set_env("WRONG_CLOCK_SECONDS", &seconds.to_string());
    }
}
