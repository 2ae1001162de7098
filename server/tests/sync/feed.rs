//! The sequencer: dense numbers, nothing lost, nothing twice, however many instances and writers.

use super::support::{Ground, visit};
use blackbox::on_each_database;
use huishou_domain::{command::Subject, sync::scope::Scope};
use huishou_server::{
    problem::Problem,
    store::{StoreError, visits},
    sync::sequencer,
    write_tx,
};
use rand::Rng;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;

on_each_database! {
    async fn two_sequencers_share_the_work_without_gaps_or_doubles(db) {
        let ground = Ground::on(db).await;
        let stop = CancellationToken::new();
        let runners: Vec<_> = (0..2).map(|_| tokio::spawn(sequencer::run(ground.app.db.clone(), stop.clone()))).collect();
        let writers: Vec<_> = (0..8).map(|_| {
            let ground = ground.clone();
            tokio::spawn(async move { for _ in 0..10 { ground.booking(Some(ground.zhang)).await; } })
        }).collect();
        for writer in writers { writer.await.unwrap(); }
        for _ in 0..200 {
            if db.count("SELECT COUNT(*) FROM sync_outbox").await == 0 { break; }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
        for runner in runners { runner.await.unwrap(); }
        assert_eq!(db.count("SELECT COUNT(*) FROM sync_outbox").await, 0, "everything got its number");
        let (rows, least, most) = (
            db.count("SELECT COUNT(*) FROM sync_log").await,
            db.count("SELECT MIN(seq) FROM sync_log").await,
            db.count("SELECT MAX(seq) FROM sync_log").await,
        );
        assert_eq!((least, most), (1, rows), "dense from 1");
        assert_eq!(db.count("SELECT seq FROM sync_head").await, rows);
        assert_eq!(db.count("SELECT MAX(last_seq) FROM sync_batch").await, rows, "the last batch ends at the head");
        assert_eq!(db.count("SELECT COUNT(*) - COUNT(DISTINCT outbox_id) FROM sync_log").await, 0, "no row twice");
        let bookings = db.count("SELECT COUNT(*) FROM sync_log WHERE scope LIKE 'collector:%' AND kind = 'order'").await;
        assert_eq!(bookings, 80, "one key a booking and scope");
    }

    async fn no_change_is_lost_while_32_writers_commit_in_any_order(db) {
        let ground = Ground::on(db).await;
        let stop = CancellationToken::new();
        let runner = tokio::spawn(sequencer::run(ground.app.db.clone(), stop.clone()));
        let mut targets = Vec::new();
        for _ in 0..24 { targets.push(ground.booking(Some(ground.zhang)).await); }
        let targets = Arc::new(targets);
        let (done, commits) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        // The writers go on until each device has pulled twice meanwhile, however slow the machine.
        let waiting = Arc::new(AtomicUsize::new(4));
        let pulling: Vec<_> = [ground.zhang, ground.li, ground.clerk, ground.admin].into_iter().map(|staff| {
            let (ground, done, waiting) = (ground.clone(), done.clone(), waiting.clone());
            tokio::spawn(async move {
                let mut phone = ground.device(staff).await;
                phone.limit = Some(if staff == ground.clerk { 50 } else { 1000 });
                let mut pulls = 0;
                while !done.load(Ordering::SeqCst) {
                    phone.pull().await;
                    pulls += 1;
                    if pulls == 2 { waiting.fetch_sub(1, Ordering::SeqCst); }
                }
                phone.pull().await;
                (pulls, phone.copies.len())
            })
        }).collect();
        let writers: Vec<_> = (0..32_u32).map(|writer| {
            let (ground, targets, commits, waiting) = (ground.clone(), targets.clone(), commits.clone(), waiting.clone());
            tokio::spawn(async move {
                for round in 0..1_000 {
                    if round >= 25 && waiting.load(Ordering::SeqCst) == 0 { break; }
                    let target = targets[rand::rng().random_range(0..targets.len())];
                    let (assignee, roll): (Option<_>, bool) = {
                        let mut random = rand::rng();
                        ([Some(ground.zhang), Some(ground.li), None][random.random_range(0..3)], random.random_range(0..4) == 0)
                    };
                    let pause = Duration::from_millis(rand::rng().random_range(0..25));
                    let now = ground.app.now();
                    let outcome: Result<(), Problem> = async {
                        if writer % 8 == 0 {
                            ground.insert(&visit(ground.west, assignee, now)).await;
                            return Ok(());
                        }
                        write_tx!(&ground.app.db, |tx| {
                            let locked = visits::lock(tx, Subject::Appointment(target.appointment)).await?.unwrap();
                            let mut after = locked.visit.clone();
                            let appointment = after.appointment.as_mut().unwrap();
                            appointment.assignee = assignee;
                            appointment.version += 1;
                            after.order.collector = assignee;
                            after.order.version += 1;
                            visits::save(tx, &locked, &after, ground.admin.0).await?;
                            tokio::time::sleep(pause).await;
                            if roll { return Err(StoreError::OutOfRange("rolled back on purpose".into()).into()); }
                            Ok(())
                        })
                    }.await;
                    assert_eq!(outcome.is_err(), roll && writer % 8 != 0, "only what is rolled back on purpose fails");
                    commits.fetch_add(usize::from(outcome.is_ok()), Ordering::SeqCst);
                }
            })
        }).collect();
        for writer in writers { writer.await.unwrap(); }
        done.store(true, Ordering::SeqCst);
        for pull in pulling {
            let (pulls, rows) = pull.await.unwrap();
            println!("a device pulled {pulls} times to completion, each equal to its scope; it holds {rows} rows");
            assert!(pulls >= 2, "devices pulled while the writers wrote");
        }
        stop.cancel();
        runner.await.unwrap();
        println!("{} transactions committed", commits.load(Ordering::SeqCst));
        assert!(commits.load(Ordering::SeqCst) > 500);
        let scope = Scope::Collector(ground.li).to_string();
        assert!(db.count(&format!("SELECT COUNT(*) FROM sync_log WHERE scope = '{scope}'")).await > 0, "visits moved between the two");
    }
}
