//! Where this app keeps its data: `HUISHOU_DATA_DIR`, or the system's place for an app's data.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use huishou_client::engine::Config;
use tauri::{AppHandle, Manager, Runtime};

/// The data folder of this app.
#[derive(Debug, Clone)]
pub struct Place {
    data: PathBuf,
    bus_name: String,
}

impl Place {
    /// Finds the folder and makes it.
    ///
    /// # Errors
    /// When the system names no place or the folder cannot be made.
    pub fn find<R: Runtime>(app: &AppHandle<R>) -> Result<Self, Box<dyn std::error::Error>> {
        let identifier = &app.config().identifier;
        let named = std::env::var_os("HUISHOU_DATA_DIR").filter(|named| !named.is_empty());
        let (data, bus_name) = match named {
            Some(named) => {
                let data = std::path::absolute(named)?;
                let bus_name = format!("{identifier}.{}", name_for(&data));
                (data, bus_name)
            }
            None => (app.path().app_data_dir()?, identifier.clone()),
        };
        std::fs::create_dir_all(&data)?;
        Ok(Self { data, bus_name })
    }

    /// The folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Where logs are kept.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.data.join("logs")
    }

    /// The name under which a running app on this folder is found on the session bus.
    #[must_use]
    pub fn bus_name(&self) -> String {
        self.bus_name.clone()
    }

    /// How the engine is opened here.
    #[must_use]
    pub fn engine(&self) -> Config {
        Config::new(self.data.clone())
    }
}

/// One app runs per data folder; a bus name's part does not begin with a digit.
fn name_for(folder: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    format!("at{:016x}", hasher.finish())
}
