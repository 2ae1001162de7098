//! Migrations: complete, re-runnable, harmless when a step runs again.

use super::support::{Town, app};
use blackbox::on_each_database;
use huishou_server::store::{health, migrations};

on_each_database! {
    async fn migrations_run_once_and_may_be_run_again_at_any_time(db) {
        let app = app(db, &[]);
        assert!(health::check(&app.db).await.is_err(), "an empty database is not ready");
        let steps = migrations::migrate(&app.db).await.unwrap();
        assert!(steps >= 30, "{steps}");
        assert_eq!(migrations::migrate(&app.db).await.unwrap(), 0, "nothing is left to do");
        assert_eq!(migrations::pending(&app.db).await.unwrap(), 0);
        health::check(&app.db).await.unwrap();
        db.execute("DELETE FROM schema_migrations").await;
        assert_eq!(migrations::migrate(&app.db).await.unwrap(), steps, "a crash between a step and its record repeats the step");
        assert_eq!(db.count("SELECT COUNT(*) FROM sync_head").await, 1);
    }

    async fn two_instances_may_migrate_at_the_same_time(db) {
        let (one, two) = (app(db, &[]), app(db, &[]));
        let (a, b) = tokio::join!(migrations::migrate(&one.db), migrations::migrate(&two.db));
        a.unwrap();
        b.unwrap();
        health::check(&one.db).await.unwrap();
    }

    async fn tokens_and_codes_differ_to_the_letter_and_prose_keeps_every_character(db) {
        let town = Town::on(db, 8).await;
        let (upper, lower) = (town.customer("oAbC").await, town.customer("oabc").await);
        assert_ne!(upper.user, lower.user, "another capital is another customer");
        let same = town.customer("oAbC").await;
        assert_eq!(upper.user, same.user);
    }
}
