//! The interface held against its own description by schemathesis: examples, borders, random bodies and chains of
//! calls, every check. `CONTRACT_EXAMPLES` cases an operation (few here, many in `make fuzz-api`), the same each time.

use std::{path::PathBuf, process::Command};

use blackbox::{Customer, Engine, Town, customer::key, database, paths::root};
use serde_json::json;

/// Calls that end the session they are made with, or may: they come last, with a session of their own.
const ENDING: &str = "^(log_out|forget_me|sign_out|change_password|revoke_device|shut_out|change_staff|rotate_app_key|revoke_app_key)$";

/// A caller and what it may call.
struct Caller<'a> {
    town: &'a Town,
    header: String,
    secret: &'a str,
    paths: &'a str,
}

impl Caller<'_> {
    /// Whatever does not end the session.
    fn holds(&self) {
        self.run(&["--exclude-operation-id-regex", ENDING]);
    }

    /// What does.
    fn holds_at_the_end(&self) {
        let phases = "examples,coverage,fuzzing";
        self.run(&["--include-operation-id-regex", ENDING, "--phases", phases]);
    }

    fn run(&self, which: &[&str]) {
        let folder = root().join("scripts/schemathesis");
        let scratch = tempfile::tempdir().expect("a folder");
        let url = format!("{}/openapi.json", self.town.world.server.url());
        let examples = std::env::var("CONTRACT_EXAMPLES").unwrap_or_else(|_| "8".to_owned());
        let seed = std::env::var("CONTRACT_SEED").unwrap_or_else(|_| "20261123".to_owned());
        let done = Command::new(schemathesis())
            .current_dir(scratch.path())
            .env("CONTRACT_HOOKS", folder.join("hooks.py"))
            .env("CONTRACT_SECRET", self.secret)
            .env("PYTHONHASHSEED", "0")
            .arg("--config-file")
            .arg(folder.join("schemathesis.toml"))
            .args(["run", &url, "--checks", "all", "--no-color"])
            .args(["--max-examples", &examples, "--seed", &seed])
            .args(["--header", &self.header, "--include-path-regex", self.paths])
            .args(which)
            .output()
            .expect("schemathesis runs");
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(
            done.status.success() && said.contains(" generated, "),
            "{said}\n{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
}

fn schemathesis() -> PathBuf {
    let program = root().join(".data/tools/schemathesis/bin/schemathesis");
    assert!(
        program.exists(),
        "{} is missing: `scripts/setup test` installs it",
        program.display()
    );
    program
}

/// The demo city without limits on how often it is asked.
async fn town() -> Town {
    Town::on(database(Engine::MariaDb).await, |setup| {
        setup
            .with("HUISHOU_GUARD_ANONYMOUS_RATE", "0")
            .with("HUISHOU_GUARD_USER_RATE", "0")
            .with("HUISHOU_GUARD_GLOBAL_RATE", "0")
    })
    .await
}

#[tokio::test]
async fn a_customers_calls_are_as_described() {
    let town = town().await;
    let customer = Customer::login(&town.world, "contract").await;
    let _ = customer.book(&blackbox::goods::at(1, 10)).await;
    let caller = |who: &Customer| Caller {
        town: &town,
        header: bearer(&who.session),
        secret: "",
        paths: "^/api/v1",
    };
    caller(&customer).holds();
    assert!(bookings(&town, &customer).await > 1, "bookings became real");
    let leaver = Customer::login(&town.world, "contract-leaver").await;
    caller(&leaver).holds_at_the_end();
}

#[tokio::test]
async fn the_staffs_and_administrators_calls_are_as_described() {
    let town = town().await;
    let admin = town.desk("admin").await;
    let caller = |session: &serde_json::Value| Caller {
        town: &town,
        header: bearer(session),
        secret: "",
        paths: "^/(staff|admin|sync)/v1",
    };
    caller(&admin.session).holds();
    let keys = "SELECT COUNT(*) FROM app_keys";
    assert!(town.world.database.count(keys).await > 0, "keys were made");
    let leaver = town.desk("admin").await;
    caller(&leaver.session).holds_at_the_end();
}

#[tokio::test]
async fn a_partners_signed_calls_are_as_described() {
    let town = town().await;
    let admin = town.desk("admin").await;
    let wish = json!({"name": "合作方", "daily_quota": 100_000_000, "rate": 10_000});
    let made = admin
        .api()
        .post_once("/admin/v1/app-keys", &key(), &wish)
        .await;
    let made = made.expect(201);
    Caller {
        town: &town,
        header: format!("App-Key: {}", made["app_key"].as_str().unwrap()),
        secret: made["secret"].as_str().unwrap(),
        paths: "^/open/v1",
    }
    .holds();
    let through = "SELECT COUNT(*) FROM open_visits";
    assert!(
        town.world.database.count(through).await > 0,
        "bookings came through the key"
    );
}

fn bearer(session: &serde_json::Value) -> String {
    let token = session["access_token"].as_str().expect("a token");
    format!("Authorization: Bearer {token}")
}

async fn bookings(town: &Town, customer: &Customer) -> i64 {
    let id = customer.id().replace('-', "");
    let sql = format!("SELECT COUNT(*) FROM appointments WHERE user_id = UNHEX('{id}')");
    town.world.database.count(&sql).await
}
