//! Embeds the built user interface and generates the permissions of the app's own commands.

use tauri_build::{Attributes, try_build};

fn main() {
    // A check of the Rust code alone must not need node: an empty folder compiles. What runs gets the real one
    // from scripts/build-ui, and then this crate is built again.
    let ui = std::path::Path::new("ui/dist");
    if !ui.join("index.html").exists() {
        println!("cargo::warning=ui/dist is not built, the window will be empty: scripts/build-ui");
        let _ = std::fs::create_dir_all(ui);
    }
    println!("cargo::rerun-if-changed=ui/dist");

    let attributes = Attributes::new().capabilities_path_pattern("./src-tauri/capabilities/**/*");
    if let Err(error) = try_build(attributes) {
        println!("cargo::error={error:#}");
    }
}
