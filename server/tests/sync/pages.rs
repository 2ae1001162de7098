//! Pull: snapshots in pages, the log, the tail without numbers, visits that move, cursors that do not fit.

use super::support::Ground;
use blackbox::on_each_database;
use huishou_domain::sync::{
    message::DropReason,
    scope::{Kind, Scope},
};
use huishou_server::sync::cursor::Cursor;
use serde_json::json;
use std::collections::HashSet;

on_each_database! {
    async fn a_first_sync_comes_in_pages_and_holds_exactly_the_scope(db) {
        let ground = Ground::on(db).await;
        for _ in 0..23 { ground.booking(Some(ground.zhang)).await; }
        for _ in 0..5 { ground.booking(Some(ground.li)).await; }
        ground.sequence().await;
        let mut phone = ground.device(ground.zhang).await;
        phone.limit = Some(10);
        let last = phone.pull().await;
        assert!(phone.pages >= 5, "46 visits' rows do not fit into fewer pages of 10: {}", phone.pages);
        assert_eq!(phone.copies.keys().filter(|(kind, _)| *kind == Kind::Appointment).count(), 23, "own visits only");
        assert_eq!(phone.copies.keys().filter(|(kind, _)| *kind == Kind::Order).count(), 23);
        assert_eq!(phone.copies.keys().filter(|(kind, _)| *kind == Kind::PriceBook).count(), 1);
        assert!(phone.holds(Kind::Staff, ground.zhang.0) && phone.holds(Kind::Station, ground.west.0));
        assert!(!phone.holds(Kind::Staff, ground.li.0), "colleagues are the station's affair");
        assert_eq!(phone.reset.iter().collect::<HashSet<_>>().len(), last.scopes.unwrap().len(), "a first sync replaces what was there");
        let again = phone.pull().await;
        assert!(again.puts.is_empty() && again.drops.is_empty() && again.reset.is_empty(), "nothing new");
    }

    async fn a_snapshot_survives_changes_between_its_pages(db) {
        let ground = Ground::on(db).await;
        let mut booked = Vec::new();
        for _ in 0..12 { booked.push(ground.booking(Some(ground.zhang)).await); }
        let mut admin = ground.device(ground.admin).await;
        let mut phone = ground.device(ground.zhang).await;
        phone.limit = Some(5);
        let first = phone.page(false).await.unwrap();
        assert!(!first.complete);
        // While the device is between pages: one already read goes away, one not yet read too, and a new one comes.
        for moved in [booked[0], booked[11]] {
            admin.push("appointment.assign", &json!({"appointment_id": moved.appointment, "assignee": ground.li})).await;
        }
        let fresh = ground.booking(Some(ground.zhang)).await;
        ground.sequence().await;
        phone.cursor = None;
        phone.pull().await;
        assert!(phone.holds(Kind::Appointment, fresh.appointment.0) && !phone.holds(Kind::Appointment, booked[0].appointment.0));
        // The same without starting anew: continue the old cursor, staging its page.
        let mut slow = ground.device(ground.zhang).await;
        slow.limit = Some(4);
        slow.pull().await;
    }

    async fn what_is_committed_but_has_no_number_yet_is_in_the_last_page(db) {
        let ground = Ground::on(db).await;
        ground.sequence().await;
        let mut phone = ground.device(ground.zhang).await;
        phone.pull().await;
        let booked = ground.booking(Some(ground.zhang)).await;
        assert!(db.count("SELECT COUNT(*) FROM sync_outbox").await > 0, "no sequencer runs here");
        let answer = phone.pull().await;
        assert!(phone.holds(Kind::Appointment, booked.appointment.0), "the tail");
        assert_eq!(answer.puts.len(), 2);
        ground.sequence().await;
        assert_eq!(phone.pull().await.puts.len(), 2, "once more with its number, which does no harm");
        assert!(phone.pull().await.puts.is_empty());
    }

    async fn a_tail_larger_than_a_page_gets_its_numbers_first(db) {
        let ground = Ground::on(db).await;
        ground.sequence().await;
        let mut phone = ground.device(ground.zhang).await;
        phone.pull().await;
        phone.limit = Some(3);
        for _ in 0..6 { ground.booking(Some(ground.zhang)).await; }
        phone.pull().await;
        assert_eq!(phone.copies.keys().filter(|(kind, _)| *kind == Kind::Appointment).count(), 6);
    }

    async fn reassignment_is_a_drop_on_one_device_and_a_put_on_the_other(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let (mut zhang, mut li, mut clerk) =
            (ground.device(ground.zhang).await, ground.device(ground.li).await, ground.device(ground.clerk).await);
        for phone in [&mut zhang, &mut li, &mut clerk] { phone.pull().await; }
        assert!(zhang.holds(Kind::Appointment, booked.appointment.0) && !li.holds(Kind::Appointment, booked.appointment.0));
        let verdict = clerk.push("appointment.assign", &json!({"appointment_id": booked.appointment, "assignee": ground.li})).await;
        assert_eq!(verdict.version, Some(2));
        let dropped = zhang.pull().await.drops;
        assert_eq!(dropped.iter().filter(|d| d.reason == DropReason::Left).count(), 2, "the appointment and its order left");
        assert!(!zhang.holds(Kind::Appointment, booked.appointment.0));
        li.pull().await;
        let copy = &li.copies[&(Kind::Appointment, booked.appointment.0)];
        assert_eq!(copy.scopes, [Scope::Collector(ground.li)], "only the scopes this device holds are named");
        assert!(clerk.pull().await.puts.iter().any(|put| put.id == booked.appointment.0 && put.version == 2));
    }

    async fn an_own_pushed_mutation_is_in_the_next_pull_with_its_verdict(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let mut phone = ground.device(ground.zhang).await;
        phone.pull().await;
        phone.push("appointment.start", &json!({"appointment_id": booked.appointment})).await;
        let answer = phone.pull().await;
        assert_eq!(answer.last_mutation, 1);
        assert_eq!(answer.verdicts.iter().map(|v| v.id).collect::<Vec<_>>(), [1]);
        assert_eq!(phone.copies[&(Kind::Appointment, booked.appointment.0)].body["status"], 4, "acknowledged and visible: no flicker");
        phone.confirmed = 1;
        assert!(phone.pull().await.verdicts.is_empty(), "confirmed verdicts are not told again");
    }

    async fn a_cursor_that_is_forged_or_anothers_is_refused(db) {
        let ground = Ground::on(db).await;
        let (mut zhang, li) = (ground.device(ground.zhang).await, ground.device(ground.li).await);
        zhang.pull().await;
        let good = zhang.cursor.clone().unwrap();
        let mut bad = good.clone().into_bytes();
        bad[40] = if bad[40] == b'x' { b'y' } else { b'x' };
        for cursor in [String::from_utf8(bad).unwrap(), "not a cursor 𠮷".to_owned(), String::new()] {
            zhang.cursor = Some(cursor);
            let problem = zhang.page(false).await.unwrap_err();
            assert_eq!((problem.status, problem.code.as_str()), (400, "bad_cursor"));
        }
        let mut thief = li;
        thief.cursor = Some(good);
        assert_eq!(thief.page(false).await.unwrap_err().code, "bad_cursor", "a cursor belongs to its device");
    }

    async fn another_history_is_an_explicit_reset_and_never_an_empty_success(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        ground.sequence().await;
        let mut phone = ground.device(ground.zhang).await;
        phone.pull().await;
        let key = ground.app.config.cursor_secret();
        let good = Cursor::open(phone.cursor.as_ref().unwrap(), &key).unwrap();
        let mut foreign_tag = good.clone();
        foreign_tag.tag = "0".repeat(32);
        let mut other_epoch = good.clone();
        other_epoch.epoch = uuid::Uuid::now_v7();
        let mut ahead = good.clone();
        for position in ahead.scopes.values_mut() { position.seq += 1000; }
        for (case, cursor) in [("foreign tag", foreign_tag), ("other epoch", other_epoch), ("ahead of the head", ahead)] {
            phone.cursor = Some(cursor.seal(&key));
            phone.pull().await;
            assert_eq!(phone.reset.len(), good.scopes.len(), "{case}");
            assert!(phone.holds(Kind::Appointment, booked.appointment.0), "{case}: the rows came anew");
        }
    }

    async fn scopes_follow_the_grants_of_the_person_at_each_pull(db) {
        let ground = Ground::on(db).await;
        let (west, east) = (ground.booking_at(ground.west, None).await, ground.booking_at(ground.east, None).await);
        let mut phone = ground.device(ground.clerk).await;
        phone.pull().await;
        assert!(phone.holds(Kind::Appointment, west.appointment.0) && !phone.holds(Kind::Appointment, east.appointment.0));
        let east_id = ground.east.to_string().replace('-', "");
        db.execute(&format!("UPDATE staff SET station_id = UNHEX('{east_id}'), grants = grants + 1 WHERE username = 'clerk'")).await;
        phone.pull().await;
        assert!(!phone.holds(Kind::Appointment, west.appointment.0), "lost with the scope");
        assert!(phone.holds(Kind::Appointment, east.appointment.0), "given with the scope");
    }

    async fn only_who_asks_for_checks_gets_them(db) {
        let ground = Ground::on(db).await;
        let mut phone = ground.device(ground.zhang).await;
        for ask in [false, true, false, true] {
            let answer = phone.page(ask).await.unwrap();
            assert!(answer.complete);
            assert_eq!(answer.checks.is_some(), ask);
            phone.cursor = Some(answer.cursor);
        }
    }

    async fn with_nothing_new_the_cursor_stays_and_whatever_is_new_is_told(db) {
        let ground = Ground::on(db).await;
        for staff in [ground.zhang, ground.clerk, ground.admin] {
            ground.sequence().await;
            let mut phone = ground.device(staff).await;
            phone.pull().await;
            let stood = phone.cursor.clone();
            for _ in 0..3 {
                let answer = phone.page(false).await.unwrap();
                assert!(answer.complete && answer.puts.is_empty() && answer.drops.is_empty());
                assert_eq!(Some(&answer.cursor), stood.as_ref(), "nothing to write down");
                assert!(answer.scopes.is_some_and(|held| !held.is_empty()));
            }
            let booked = ground.booking_at(ground.west, Some(ground.zhang)).await;
            let told = phone.page(false).await.unwrap();
            assert!(told.puts.iter().any(|put| put.id == booked.appointment.0), "without a number yet");
            ground.sequence().await;
            let numbered = phone.page(false).await.unwrap();
            assert!(numbered.puts.iter().any(|put| put.id == booked.appointment.0), "with its number");
        }
    }

    async fn what_others_write_elsewhere_moves_no_cursor(db) {
        let ground = Ground::on(db).await;
        ground.sequence().await;
        let mut phone = ground.device(ground.clerk).await;
        phone.pull().await;
        let stood = phone.cursor.clone();
        ground.booking_at(ground.east, None).await;
        assert_eq!(Some(phone.page(false).await.unwrap().cursor), stood);
        ground.sequence().await;
        assert_eq!(Some(phone.page(false).await.unwrap().cursor), stood);
    }
}
