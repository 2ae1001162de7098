//! Where things are: the checkout, the built binaries, a free port.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// The checkout's root folder.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the checkout")
}

/// A script of `scripts/`.
#[must_use]
pub fn script(name: &str) -> PathBuf {
    root().join("scripts").join(name)
}

/// The path of one of the product's binaries, beside the running test (`target/debug`), or in the folder
/// that `HUISHOU_BIN_DIR` names. `scripts/test` builds them; after a change under test, build by hand:
/// `cargo build -p huishou-server`.
#[must_use]
pub fn bin(name: &str) -> PathBuf {
    let path = bin_folder().join(name);
    assert!(
        path.exists(),
        "{} is not built: `cargo build -p …` makes it",
        path.display()
    );
    path
}

fn bin_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("HUISHOU_BIN_DIR") {
        return folder.into();
    }
    let test = std::env::current_exe().expect("a running test has a path");
    let deps = test.parent().expect("target/debug/deps");
    if deps.ends_with("deps") {
        deps.parent().expect("target/debug")
    } else {
        deps
    }
    .to_path_buf()
}

/// A TCP port of the loopback interface that nobody listens on right now.
///
/// Prefer port 0 and the `listening on` line where the program under test has them.
#[must_use]
pub fn free_port() -> u16 {
    let probe = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    probe.local_addr().expect("a bound port").port()
}
