//! The tests' own ground: a database on each engine that behaves as the customers' does, and a server that
//! can be killed and keeps what it confirmed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;

use blackbox::{Dedicated, Engine, Process};

blackbox::on_each_database! {
    async fn each_test_has_a_durable_strict_utf8mb4_database_of_its_own(db) {
        assert_eq!(db.texts("SELECT DATABASE()").await, [db.name()]);
        assert_eq!(db.count("SELECT CAST(@@innodb_flush_log_at_trx_commit AS SIGNED)").await, 1);
        let mode = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";
        assert_eq!(db.texts("SELECT @@global.sql_mode").await, [mode], "what MySQL 5.7 sets by default");
        db.execute("CREATE TABLE goods (name VARCHAR(191) COLLATE utf8mb4_bin PRIMARY KEY, long_key VARCHAR(255) UNIQUE) ROW_FORMAT=DYNAMIC").await;
        db.execute("INSERT INTO goods VALUES ('𠮷', '一'), ('😀', '二')").await;
        assert_eq!(db.texts("SELECT name FROM goods ORDER BY long_key").await.len(), 2, "4-byte characters survive and differ");
    }
}

#[test]
fn the_two_engines_are_a_mariadb_and_a_real_mysql() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let version = |engine| {
        runtime.block_on(async {
            blackbox::database(engine)
                .await
                .texts("SELECT VERSION()")
                .await
                .remove(0)
        })
    };
    assert!(version(Engine::MariaDb).contains("MariaDB"));
    assert!(version(Engine::Mysql56).starts_with("5.6."));
}

#[tokio::test]
async fn a_dedicated_server_keeps_what_it_confirmed_over_a_kill() {
    for engine in Engine::ALL {
        let mut server = Dedicated::start(engine);
        let db = server.database().await;
        db.execute("CREATE TABLE t (n INT PRIMARY KEY)").await;
        db.execute("INSERT INTO t VALUES (7)").await;
        server.kill();
        server.restart();
        assert_eq!(
            db.count("SELECT CAST(SUM(n) AS SIGNED) FROM t").await,
            7,
            "on {engine}"
        );
    }
}

#[tokio::test]
async fn a_program_is_waited_for_by_its_lines_and_stopped_by_its_own_id() {
    let mut command = Command::new("sh");
    command.args(["-c", "trap 'echo bye; exit 3' TERM; echo listening on http://127.0.0.1:9/ now; while :; do sleep 0.01; done"]);
    let mut program = Process::spawn(command);
    assert_eq!(program.wait_for_address().await, "http://127.0.0.1:9");
    program.terminate();
    assert_eq!(program.wait().await.code(), Some(3));
    assert!(
        program.log().ends_with("bye"),
        "what was printed last is kept: {}",
        program.log()
    );
}

#[tokio::test]
#[should_panic(expected = "ended with exit status: 5 before it printed")]
async fn a_program_that_ends_early_fails_the_wait_at_once() {
    let mut command = Command::new("sh");
    command.args(["-c", "echo no luck; exit 5"]);
    Process::spawn(command).wait_for("listening").await;
}
