//! The whole product around a test: a database with the schema and the demo city, the sandbox, a server.

use crate::db::{Database, Engine, database};
use crate::device::Device;
use crate::sandbox::Sandbox;
use crate::server::{Server, Setup};

/// A running product. Fields are dropped in this order: server, sandbox, database.
pub struct World {
    /// The server, listening.
    pub server: Server,
    /// The outside services.
    pub sandbox: Sandbox,
    /// The server's database.
    pub database: Database,
    /// What `seed-demo` printed: accounts and pairing codes.
    pub seeded: String,
}

impl World {
    /// Starts everything on the run's shared database server.
    pub async fn start(engine: Engine) -> Self {
        Self::on(database(engine).await, |setup| setup).await
    }

    /// Starts everything on this database, with more environment for the server.
    pub async fn on(database: Database, adapt: impl FnOnce(Setup) -> Setup) -> Self {
        let sandbox = Sandbox::start().await;
        let setup = adapt(Setup::on(&database).with_sandbox(&sandbox));
        let _ = setup.run(&["migrate"], "").await.expect_success();
        let seeded = setup.run(&["seed-demo"], "").await.expect_success().stdout;
        let server = setup.start().await;
        Self {
            server,
            sandbox,
            database,
            seeded,
        }
    }

    /// A new device of this server, not signed in yet.
    #[must_use]
    pub fn device(&self) -> Device {
        Device::new(self.server.url())
    }
}
