//! The change feed is compacted, and whoever follows it does not notice: what is left serves every cursor from the floor
//! on exactly as the whole log would.

use super::{
    plans::plan,
    support::{Ground, Phone, visit},
};
use blackbox::{Database, on_each_database};
use chrono::TimeDelta;
use huishou_domain::{
    ids::StaffId,
    sync::scope::{Kind, Scope},
};
use huishou_server::{
    store::{compaction as statements, sync_log},
    sync::compaction::{self, KEPT, WHOLE},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The log as it would be if nothing were ever taken away.
type Whole = Vec<(i64, Scope, Uuid)>;

/// Appends rows as one batch closed so long ago.
async fn append(ground: &Ground, whole: &mut Whole, rows: &[(Scope, Uuid)], ago: TimeDelta) {
    let head = whole.last().map_or(0, |(seq, ..)| *seq);
    let mut conn = ground.app.db.read().await.unwrap();
    let mut log =
        sqlx::QueryBuilder::new("INSERT INTO sync_log (seq, outbox_id, scope, kind, entity_id) ");
    log.push_values((head + 1..).zip(rows), |mut row, (seq, (scope, id))| {
        row.push_bind(seq).push_bind(0).push_bind(scope.to_string());
        row.push_bind(Kind::Order.as_str()).push_bind(*id);
    });
    log.build().execute(&mut *conn).await.unwrap();
    for (seq, (scope, id)) in (head + 1..).zip(rows) {
        whole.push((seq, scope.clone(), *id));
    }
    let through = whole.last().unwrap().0;
    let batch = "INSERT INTO sync_batch (last_seq, tag, at) VALUES (?, '0123456789abcdef', ?)";
    sqlx::query(batch)
        .bind(through)
        .bind(ground.app.now() - ago)
        .execute(&mut *conn)
        .await
        .unwrap();
    sqlx::query("UPDATE sync_head SET seq = ?")
        .bind(through)
        .execute(&mut *conn)
        .await
        .unwrap();
}

/// What a cursor that has read this far is told of a scope.
async fn told(ground: &Ground, scope: &Scope, after: i64) -> BTreeSet<Uuid> {
    let mut conn = ground.app.db.read().await.unwrap();
    let slice = sync_log::slice(&mut conn, scope, after, i64::MAX, 100_000)
        .await
        .unwrap();
    slice.entries.iter().map(|entry| entry.key.1).collect()
}

async fn floor(db: &Database) -> i64 {
    db.count("SELECT floor FROM sync_head").await
}

async fn compact_to_the_end(ground: &Ground) -> compaction::Done {
    compaction::compact(&ground.app.db, ground.app.now())
        .await
        .unwrap()
}

/// Every cursor from the floor on is told the same as by the whole log; older ones are refused by the floor.
async fn proves_itself(
    ground: &Ground,
    db: &Database,
    whole: &Whole,
    scopes: &[Scope],
    random: &mut StdRng,
) {
    let (floor, head) = (floor(db).await, whole.last().map_or(0, |(seq, ..)| *seq));
    let cursors = [floor, floor + 1, head]
        .into_iter()
        .chain((0..12).map(|_| random.random_range(floor..=head)));
    for cursor in cursors {
        for scope in scopes {
            let expected: BTreeSet<Uuid> = whole
                .iter()
                .filter(|(seq, of, _)| *seq > cursor && of == scope)
                .map(|(_, _, id)| *id)
                .collect();
            assert_eq!(
                told(ground, scope, cursor).await,
                expected,
                "{scope} after {cursor} of {head}, floor {floor}"
            );
        }
    }
}

async fn pulled_with_all_its_scopes(phone: &mut Phone) -> usize {
    phone.pull().await;
    phone.reset.len()
}

on_each_database! {
    async fn what_is_left_serves_every_cursor_as_the_whole_log_would(db) {
        let ground = Ground::on(db).await;
        ground.sequence().await;
        db.execute("DELETE FROM sync_log").await;
        db.execute("DELETE FROM sync_batch").await;
        db.execute("UPDATE sync_head SET seq = 0").await;
        for seed in 0..3_u64 {
            println!("seed {seed}");
            let mut random = StdRng::seed_from_u64(seed);
            db.execute("DELETE FROM sync_log").await;
            db.execute("DELETE FROM sync_batch").await;
            db.execute("UPDATE sync_head SET seq = 0, floor = 0").await;
            db.execute("UPDATE sync_compaction SET through = 0").await;
            let scopes: Vec<Scope> = (0..4).map(|_| Scope::Collector(StaffId(Uuid::now_v7()))).collect();
            let ids: Vec<Uuid> = (0..120).map(|_| Uuid::now_v7()).collect();
            let mut whole = Whole::new();
            let mut hours = 60 * 24;
            let mut superseded = 0;
            while hours > 0 {
                hours -= random.random_range(1..80);
                let rows: Vec<(Scope, Uuid)> = (0..random.random_range(1..120))
                    .map(|_| (scopes[random.random_range(0..scopes.len())].clone(), ids[random.random_range(0..ids.len())]))
                    .collect();
                append(&ground, &mut whole, &rows, TimeDelta::hours(hours.max(0))).await;
                if random.random_range(0..4) == 0 {
                    superseded += compact_to_the_end(&ground).await.superseded;
                    proves_itself(&ground, db, &whole, &scopes, &mut random).await;
                }
            }
            superseded += compact_to_the_end(&ground).await.superseded;
            proves_itself(&ground, db, &whole, &scopes, &mut random).await;
            assert!(superseded > 100, "{superseded}");
            let left = db.count("SELECT COUNT(*) FROM sync_log WHERE seq <= (SELECT through FROM sync_compaction)").await;
            let keys = db.count("SELECT COUNT(*) FROM (SELECT 1 FROM sync_log WHERE seq <= (SELECT through FROM sync_compaction) GROUP BY scope, kind, entity_id) k").await;
            assert_eq!(left, keys, "one entry of each aggregate and scope of what is older than a day");
            let floor = floor(db).await;
            assert!(floor > 0, "the oldest had its time");
            assert_eq!(db.count(&format!("SELECT COUNT(*) FROM sync_log WHERE seq <= {floor}")).await, 0);
            assert_eq!(db.count("SELECT MIN(last_seq) FROM sync_batch").await, floor, "the tag of a cursor at the floor is known");
        }
    }

    async fn a_day_is_kept_whole_and_45_days_of_newest_entries(db) {
        let ground = Ground::on(db).await;
        ground.sequence().await;
        db.execute("DELETE FROM sync_log").await;
        db.execute("DELETE FROM sync_batch").await;
        db.execute("UPDATE sync_head SET seq = 0").await;
        let (scope, id) = (Scope::Admin, Uuid::now_v7());
        let mut whole = Whole::new();
        let second = TimeDelta::seconds(1);
        for ago in [KEPT + second, KEPT - second * 60, WHOLE + second * 2, WHOLE + second, WHOLE - second * 60, second] {
            append(&ground, &mut whole, &[(scope.clone(), id)], ago).await;
        }
        let done = compact_to_the_end(&ground).await;
        assert_eq!((done.expired, done.superseded), (1, 2), "the one past 45 days; two of three past a day");
        assert_eq!(db.texts("SELECT CAST(GROUP_CONCAT(seq ORDER BY seq) AS CHAR) FROM sync_log").await, ["4,5,6"]);
        assert_eq!(floor(db).await, 1);
        assert_eq!(compact_to_the_end(&ground).await, compaction::Done::default(), "done twice it changes nothing");
    }

    async fn devices_that_were_away_for_a_month_or_two_end_up_with_their_scopes(db) {
        let ground = Ground::on(db).await;
        let mut away = ground.device(ground.zhang).await;
        let mut shortly = ground.device(ground.zhang).await;
        away.pull().await;
        let tomorrow = ground.booking(Some(ground.zhang)).await;
        ground.sequence().await;
        db.execute("UPDATE sync_batch SET at = at - INTERVAL 50 DAY").await;
        shortly.pull().await;
        for _ in 0..3 {
            for staff in [Some(ground.li), Some(ground.zhang), None] {
                ground.insert(&visit(ground.west, staff, ground.app.now())).await;
                let assign = serde_json::json!({"appointment_id": tomorrow.appointment, "assignee": staff});
                let mut clerk = ground.device(ground.clerk).await;
                clerk.push("appointment.assign", &assign).await;
                ground.sequence().await;
            }
        }
        db.execute("UPDATE sync_batch SET at = at - INTERVAL 40 DAY").await;
        let before = db.count("SELECT COUNT(*) FROM sync_log").await;
        let done = compact_to_the_end(&ground).await;
        assert!(done.superseded > 0 && done.expired > 0, "{done:?}");
        assert!(db.count("SELECT COUNT(*) FROM sync_log").await < before);
        assert_eq!(pulled_with_all_its_scopes(&mut away).await, 2, "older than the floor: an explicit reset");
        assert_eq!(pulled_with_all_its_scopes(&mut shortly).await, 0, "not older: it goes on, and equals its scopes");
    }

    async fn compaction_finds_its_rows_by_index_and_in_small_steps(db) {
        let ground = Ground::on(db).await;
        ground.sequence().await;
        db.execute("DELETE FROM sync_log").await;
        db.execute("DELETE FROM sync_batch").await;
        db.execute("UPDATE sync_head SET seq = 0").await;
        let mut whole = Whole::new();
        let ids: Vec<Uuid> = (0..1_200).map(|_| Uuid::now_v7()).collect();
        for round in 0..4 {
            let rows: Vec<_> = ids.iter().map(|id| (Scope::Admin, *id)).collect();
            append(&ground, &mut whole, &rows, TimeDelta::hours(50 - round)).await;
        }
        db.execute("ANALYZE TABLE sync_log, sync_batch").await;
        let select = statements::SUPERSEDE.replacen("DELETE older FROM", "SELECT older.seq FROM", 1);
        let plans = [
            (select.replacen('?', "1000", 1).replacen('?', "2000", 1), vec!["PRIMARY", "sync_log_entity"]),
            (statements::LAST_CLOSED.replacen('?', "'2026-01-01'", 1), vec!["sync_batch_at"]),
            (statements::EXPIRE_ENTRIES.replacen("DELETE", "SELECT seq", 1).replacen('?', "50", 1).replacen('?', "10", 1), vec!["PRIMARY"]),
            (statements::EXPIRE_BATCHES.replacen("DELETE", "SELECT last_seq", 1).replacen('?', "50", 1).replacen('?', "10", 1), vec!["PRIMARY"]),
        ];
        for (sql, expected) in plans {
            let rows = plan(db, &sql).await;
            let read: Vec<&str> = rows.iter().map(|(_, key, _)| key.as_str()).collect();
            assert_eq!(read, expected, "{sql}");
            // The newest batches are few: walking back from the newest is as good as a range.
            let by_part = |(access, key, extra): &(String, String, String)| {
                let part = ["range", "ref"].contains(&access.as_str()) || (access == "index" && key == "sync_batch_at");
                part && !extra.contains("filesort")
            };
            assert!(rows.iter().all(by_part), "{sql}: {rows:?}");
        }
        let done = compact_to_the_end(&ground).await;
        assert_eq!(done.superseded, 3_600, "the newest of each stays");
        assert_eq!(db.count("SELECT MIN(seq) FROM sync_log").await, 3_601);
    }
}
