//! Months of visits go to a file, out of the database and back, by command, while devices and customers look on.

use blackbox::{
    Customer, Database, Replica, Town,
    customer::{id, number, text},
    goods::at,
    on_each_database,
    proc::Finished,
    server::Setup,
};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;
use uuid::Uuid;

/// More than two years ago.
const OLD: i32 = 202_301;

/// The same id as if it had been made in January 2023.
fn as_old(id: &str) -> Uuid {
    let id: Uuid = id.parse().expect("an id");
    // 2023-01-15T00:00:00Z in milliseconds.
    let mut bytes = 1_673_740_800_000_u64.to_be_bytes()[2..].to_vec();
    bytes.extend(&id.as_bytes()[6..]);
    Uuid::from_slice(&bytes).expect("16 bytes")
}

/// Lets a visit have been made in January 2023, with all that belongs to it.
async fn make_old(db: &Database, visit: &Value) -> (Uuid, Uuid) {
    let (was, was_order) = (id(visit), text(visit, "order_id"));
    let (is, is_order) = (as_old(was), as_old(was_order));
    let hex = |id: &str| format!("X'{}'", id.replace('-', ""));
    let (was, was_order) = (hex(was), hex(was_order));
    let (new, new_order) = (hex(&is.to_string()), hex(&is_order.to_string()));
    let month = db
        .texts("SELECT CAST(MAX(month) AS CHAR) FROM order_months m WHERE month <= EXTRACT(YEAR_MONTH FROM UTC_TIMESTAMP())")
        .await
        .remove(0);
    db.execute(&format!(
        "CREATE TABLE IF NOT EXISTS orders_{OLD} LIKE orders_template;
         INSERT IGNORE INTO order_months (month) VALUES ({OLD});
         INSERT INTO orders_{OLD} SELECT * FROM orders_{month} WHERE id = {was_order};
         DELETE FROM orders_{month} WHERE id = {was_order};
         UPDATE orders_{OLD} SET id = {new_order}, appointment_id = {new} WHERE id = {was_order};
         UPDATE appointments SET id = {new}, order_id = {new_order} WHERE id = {was};
         INSERT INTO ratings (appointment_id, user_id, stars, text, created_at) SELECT id, user_id, 5, '好 😀', created_at FROM appointments WHERE id = {new}"
    ))
    .await;
    (is, is_order)
}

async fn months(setup: &Setup, arguments: &[&str]) -> Finished {
    let all: Vec<&str> = [&["months"], arguments].concat();
    setup.run(&all, "").await
}

/// Fails, and says why.
async fn refused(setup: &Setup, arguments: &[&str], why: &str) {
    let done = months(setup, arguments).await;
    assert!(
        !done.status.success() && done.stderr.contains(why),
        "{arguments:?}: {} {}",
        done.stdout,
        done.stderr
    );
}

async fn state(setup: &Setup, month: &str) -> String {
    let listed = months(setup, &["list"]).await.expect_success().stdout;
    let line = listed.lines().find(|line| line.starts_with(month));
    let line = line.unwrap_or_else(|| panic!("{month} in {listed}"));
    line.split('\t').nth(1).expect("a state").to_owned()
}

/// As a drop leaves it that ended after the table was renamed and before it was looked at.
async fn interrupted(db: &Database) {
    db.execute(&format!(
        "UPDATE archived_months SET dropping_at = UTC_TIMESTAMP(3) WHERE month = {OLD};
         DELETE FROM order_months WHERE month = {OLD};
         RENAME TABLE orders_{OLD} TO dropping_orders_{OLD}"
    ))
    .await;
}

on_each_database! {
    async fn a_month_goes_to_the_archive_out_of_the_database_and_back(db) {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("visits.ndjson");
        let to = file.to_str().unwrap();
        let town = Town::on(blackbox::database(db.engine()).await, |setup| setup).await;
        let (db, setup) = (&town.world.database, town.world.server.setup());
        let wang = Customer::login(&town.world, "wang").await;
        let mut old = Vec::new();
        for n in 0..3 {
            let visit = wang.book(&at(1 + n, 14)).await;
            if n > 0 {
                wang.try_cancel(id(&visit), number(&visit, "version")).await.expect(200);
            }
            old.push(make_old(db, &visit).await);
        }
        let new = wang.book(&at(5, 14)).await;
        let station = town.desk("station1").await;
        let mut replica = Replica::default();
        replica.pull(&station).await.unwrap();
        let detail = format!("/api/v1/appointments/{}", old[1].0);
        let (list, orders, one) = (
            wang.api.get("/api/v1/appointments").await.expect(200).clone(),
            wang.api.get("/api/v1/orders").await.expect(200).clone(),
            wang.api.get(&detail).await.expect(200).clone(),
        );
        assert_eq!(list["items"].as_array().unwrap().len(), 4, "over two months");
        let held = replica.get("order", &old[1].1.to_string()).expect("held").clone();

        refused(setup, &["drop", "2023-01"], "archive it first").await;
        let _ = months(setup, &["archive", "202301", "--to", to]).await.expect_success();
        assert_eq!(state(setup, "202301").await, "archived");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "it holds names and addresses");
        refused(setup, &["drop", "202301"], "1 visits of the month are not settled").await;
        assert_eq!(state(setup, "202301").await, "archived", "all is as it was");
        let unsettled = format!("X'{}'", old[0].0.simple());
        db.execute(&format!("UPDATE appointments SET status = 3 WHERE id = {unsettled}; UPDATE orders_{OLD} SET status = 3 WHERE appointment_id = {unsettled}")).await;
        refused(setup, &["drop", "202301"], "changed since it was archived").await;
        let list_before = wang.api.get("/api/v1/appointments").await.expect(200).clone();
        let _ = months(setup, &["archive", "202301", "--to", to]).await.expect_success();
        let young: String = db.texts("SELECT CAST(MIN(month) AS CHAR) FROM order_months WHERE month > 202301").await.remove(0);
        let last = db.texts("SELECT CAST(EXTRACT(YEAR_MONTH FROM UTC_TIMESTAMP() - INTERVAL 2 MONTH) AS CHAR)").await.remove(0);
        refused(setup, &["drop", &last], "not two years old").await;
        refused(setup, &["drop", &young, "--force", "room"], "not over").await;
        refused(setup, &["archive", &young, "--to", to], "is there already").await;

        for (spoil, why, mend) in [
            (format!("UPDATE appointments SET status = 0 WHERE id = {unsettled}"), "1 visits of the month are not settled", format!("UPDATE appointments SET status = 3 WHERE id = {unsettled}")),
            (format!("UPDATE ratings SET stars = 4 WHERE appointment_id = {unsettled}"), "changed since it was archived", format!("UPDATE ratings SET stars = 5 WHERE appointment_id = {unsettled}")),
        ] {
            interrupted(db).await;
            db.execute(&spoil).await;
            refused(setup, &["archive", "202301", "--to", to], "finish that first").await;
            refused(setup, &["restore", to], "finish the drop first").await;
            refused(setup, &["drop", "202301"], why).await;
            assert_eq!(state(setup, "202301").await, "archived", "put back");
            assert_eq!(wang.api.get("/api/v1/orders").await.expect(200)["items"].as_array().unwrap().len(), orders["items"].as_array().unwrap().len());
            db.execute(&mend).await;
        }
        let moved = folder.path().join("moved.ndjson");
        std::fs::rename(&file, &moved).unwrap();
        let to = moved.to_str().unwrap();
        refused(setup, &["drop", "202301"], "name it with --file").await;
        interrupted(db).await;
        let _ = months(setup, &["drop", "202301", "--file", to]).await.expect_success();
        assert_eq!(state(setup, "202301").await, "dropped");
        refused(setup, &["drop", "202301"], "no table of that month").await;
        // The last note was not written.
        db.execute(&format!("UPDATE archived_months SET dropped_at = NULL, checked_at = UTC_TIMESTAMP(3) WHERE month = {OLD}")).await;
        assert_eq!(state(setup, "202301").await, "dropping");
        let _ = months(setup, &["drop", "202301"]).await.expect_success();
        assert_eq!(state(setup, "202301").await, "dropped");

        let listed = wang.api.get("/api/v1/appointments").await;
        let listed = listed.expect(200)["items"].as_array().unwrap();
        assert_eq!(listed.iter().map(id).collect::<Vec<_>>(), [id(&new)], "the list goes on with what is there");
        for path in [detail.clone(), format!("/api/v1/orders/{}", old[2].1)] {
            assert_eq!(wang.api.get(&path).await.expect_problem(410), "archived");
        }
        replica.pull(&station).await.expect("devices hear of it, and their checks are right");
        assert!(replica.get("order", &old[1].1.to_string()).is_none());
        let mut other = Replica::default();
        other.pull(&station).await.expect("a first sync does without it");

        let whole = std::fs::read_to_string(&moved).unwrap();
        for (what, spoilt) in [
            ("cut off", whole.lines().take(whole.lines().count() - 2).collect::<Vec<_>>().join("\n")),
            ("changed", whole.replacen("文三路", "文一路", 1)),
            ("empty", String::new()),
        ] {
            let broken = folder.path().join("broken.ndjson");
            std::fs::write(&broken, spoilt).unwrap();
            let done = months(setup, &["restore", broken.to_str().unwrap()]).await;
            assert!(!done.status.success(), "{what}: {}", done.stdout);
        }
        // Of a later version.
        for table in ["orders_template", "appointments", "ratings"] {
            db.execute(&format!("ALTER TABLE {table} ADD COLUMN later INT NOT NULL DEFAULT 7")).await;
        }
        let _ = months(setup, &["restore", to]).await.expect_success();
        refused(setup, &["restore", to], "is in the database").await;
        assert_eq!(state(setup, "202301").await, "archived");
        assert_eq!(wang.api.get("/api/v1/appointments").await.expect(200), &list_before, "as it was");
        assert_eq!(wang.api.get(&detail).await.expect(200), &one, "to the last field");
        let back = wang.api.get("/api/v1/orders").await.expect(200).clone();
        assert_eq!(back["items"].as_array().unwrap().len(), orders["items"].as_array().unwrap().len());
        replica.pull(&station).await.expect("devices get it back");
        assert_eq!(replica.get("order", &old[1].1.to_string()), Some(&held));
    }
}
