//! The rules can fail: each deliberate fault of the server's store or of the messages is caught, by the rule it breaks.
#![allow(clippy::panic)]

use huishou_sim::{
    ledger::Sabotage,
    neglect::Neglect,
    network::Meddling,
    world::{Plan, run},
};

/// Seeds within which a fault must be caught: the rarest needs about 80, of which most are over in a moment.
const WITHIN: u64 = 200;

/// Seeds in which a fault must be made good.
const MENDED: u64 = 20;

/// Runs seeds until one fails, and says by which rule.
#[track_caller]
fn caught(plan: impl Fn(u64) -> Plan, by: &[&str]) {
    for seed in 1..=WITHIN {
        if let Err(failure) = run(plan(seed)) {
            assert!(
                by.contains(&failure.broken.rule),
                "caught by another rule than {by:?}: {failure}"
            );
            println!("caught by seed {seed} at step {}", failure.step);
            return;
        }
    }
    panic!("not caught within {WITHIN} seeds");
}

fn sabotaged(sabotage: Sabotage) -> impl Fn(u64) -> Plan {
    move |seed| Plan {
        sabotage,
        ..Plan::of(seed)
    }
}

fn meddled(meddling: Meddling) -> impl Fn(u64) -> Plan {
    move |seed| Plan {
        meddling,
        ..Plan::of(seed)
    }
}

fn neglected(neglect: Neglect) -> impl Fn(u64) -> Plan {
    move |seed| Plan {
        neglect,
        ..Plan::of(seed)
    }
}

const EQUAL: &str = "client state = scoped snapshot at `complete`";
const REPAIR: &str = "no copy ever has to be repaired";
const ONCE: &str = "each mutation takes effect exactly once";
const OWN: &str = "a device reads its own writes";
const AGREE: &str = "when all is quiet all replicas agree";
const DONE: &str = "everything pending is done in bounded time";
const LEGAL: &str = "only legal transitions";
const MONEY: &str = "ledgers add up";
const PICTURES: &str = "a picture that is up is with the server";
const KEPT: &str = "what was confirmed to a person is not lost";
const FEED: &str = "every write marks its scopes";
const PROVEN: &str = "only the server's own word wipes a device";
const HANDED_IN: &str = "what a leaver did is with the server";
const SIGNED_IN: &str = "nobody is signed out by a lost answer";
const SHUT_OUT: &str = "a device that is shut out gets nothing more";
const WORN: &str = "a stolen token opens nothing";

#[test]
fn a_pull_without_what_has_no_number_yet() {
    caught(sabotaged(Sabotage::NoTail), &[EQUAL, REPAIR, OWN]);
}

#[test]
fn a_verdict_without_its_effect() {
    caught(sabotaged(Sabotage::VerdictWithoutEffect), &[ONCE]);
}

#[test]
fn an_effect_without_progress() {
    caught(sabotaged(Sabotage::EffectWithoutProgress), &[ONCE]);
}

#[test]
fn a_cursor_past_what_has_no_number_yet() {
    caught(
        sabotaged(Sabotage::HeadTooFar),
        &[EQUAL, REPAIR, OWN, AGREE],
    );
}

#[test]
fn a_scope_that_is_left_and_not_told() {
    caught(sabotaged(Sabotage::OldScopeUnmarked), &[FEED]);
}

#[test]
fn a_feed_in_the_order_of_inserts() {
    caught(
        sabotaged(Sabotage::ByInsertNumber),
        &[EQUAL, REPAIR, AGREE, DONE, OWN],
    );
}

#[test]
fn a_decision_on_what_was_read_before_the_lock() {
    caught(sabotaged(Sabotage::StaleAfterLock), &[LEGAL, MONEY, ONCE]);
}

/// Runs seeds, all of which end well: a fault that devices notice and make good by themselves.
#[track_caller]
fn made_good(plan: impl Fn(u64) -> Plan) {
    for seed in 1..=MENDED {
        if let Err(failure) = run(plan(seed)) {
            panic!("seed {seed}: {failure}");
        }
    }
}

/// Who hears of more commands than were made begins another incarnation and tells them all again.
#[test]
fn a_page_that_counts_commands_nobody_made_is_made_good() {
    made_good(meddled(Meddling::RetireEarly));
}

#[test]
fn a_page_that_loses_an_aggregate() {
    caught(meddled(Meddling::LosePut), &[EQUAL, REPAIR]);
}

#[test]
fn a_page_that_is_complete_too_early() {
    caught(meddled(Meddling::CompleteEarly), &[EQUAL, REPAIR, OWN]);
}

/// What was answered and is not among what the server has processed is told again.
#[test]
fn verdicts_on_what_the_server_never_saw_are_made_good() {
    made_good(meddled(Meddling::InventVerdicts));
}

#[test]
fn an_app_that_waits_for_hints_that_are_lost() {
    caught(neglected(Neglect::TrustHints), &[AGREE, DONE]);
}

#[test]
fn an_upgrade_that_takes_the_outbox_along() {
    caught(neglected(Neglect::UpgradeForgetsOutbox), &[KEPT]);
}

#[test]
fn an_upgrade_after_which_nobody_sees_what_they_did() {
    caught(neglected(Neglect::UpgradeForgetsOverlay), &[OWN]);
}

#[test]
fn an_app_that_keeps_nothing_for_a_server_that_is_set_back() {
    caught(neglected(Neglect::KeepsNothing), &[KEPT]);
}

#[test]
fn a_picture_called_whole_and_not_kept() {
    caught(sabotaged(Sabotage::PictureNotKept), &[PICTURES]);
}

#[test]
fn a_picture_that_a_fail_over_forgot_and_nobody_asks_for() {
    caught(sabotaged(Sabotage::ForgottenPictureUntold), &[PICTURES]);
}

#[test]
fn an_upkeep_that_keeps_the_oldest() {
    caught(
        sabotaged(Sabotage::OldestKept),
        &[EQUAL, REPAIR, AGREE, OWN],
    );
}

/// The tags of batches go with their entries: a cursor of before is of an unknown batch, and begins anew.
#[test]
fn a_floor_that_nobody_is_told_of_is_made_good() {
    made_good(sabotaged(Sabotage::FloorUntold));
}

#[test]
fn an_app_that_believes_anybody() {
    caught(neglected(Neglect::BelievesAnybody), &[PROVEN]);
}

#[test]
fn a_quarantine_that_keeps_nothing() {
    caught(sabotaged(Sabotage::QuarantineNotKept), &[HANDED_IN]);
}

#[test]
fn a_server_that_goes_on_serving_who_is_shut_out() {
    caught(sabotaged(Sabotage::ServesShutOut), &[SHUT_OUT]);
}

#[test]
fn a_refresh_whose_successor_is_not_kept() {
    caught(sabotaged(Sabotage::SuccessorNotKept), &[SIGNED_IN]);
}

#[test]
fn a_used_token_that_is_good_for_another() {
    caught(sabotaged(Sabotage::UsedTokenGood), &[WORN]);
}
