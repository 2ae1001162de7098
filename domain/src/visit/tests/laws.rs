//! Laws that hold after any sequence of commands by anybody.

use super::*;
use proptest::prelude::*;

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::Confirm(of())),
        Just(Command::Start(of())),
        Just(Command::Complete(of())),
        Just(cancel()),
        Just(reschedule()),
        (50_u128..54, 0_i64..2000).prop_map(|(id, due)| estimate(id, due)),
        Just(Command::Create(Box::new(create()))),
        prop_oneof![Just(ZHANG), Just(LI)].prop_map(assign),
        (60_u128..64, 0_i64..2000).prop_map(|(id, due)| weigh(id, due)),
        (60_u128..64).prop_map(accept),
        (70_u128..74, 1_i64..2000).prop_map(|(id, fen)| pay(id, fen)),
        (80_u128..83, 70_u128..74, 1_i64..500).prop_map(|(id, of, fen)| refund(id, of, fen)),
        Just(void()),
        Just(receive()),
    ]
}

fn anybody() -> impl Strategy<Value = Act> {
    let mut moving = customer();
    moving.slot = Some(slot());
    prop_oneof![Just(zhang()), Just(li()), Just(dispatcher()), Just(moving)]
}

proptest! {
    #[test]
    fn facts_are_never_refused_and_nothing_paid_or_weighed_is_ever_lost(
        steps in prop::collection::vec((any_command(), anybody()), 1..40)
    ) {
        let mut visit = visit(AppointmentStatus::Pending, OrderStatus::Unpaid);
        let (mut payments, mut quotes) = (0, 0);
        for (command, act) in steps {
            let before = visit.clone();
            let result = visit.apply(&command, &act);
            if command.is_fact() && act.party.staff().is_some() {
                prop_assert!(result.is_ok(), "{} is a fact", command.name());
            }
            if result.is_err() {
                prop_assert_eq!(&visit, &before, "a refusal changes nothing");
            }
            prop_assert!(visit.order.payments.len() >= payments && visit.order.quotes.len() >= quotes);
            (payments, quotes) = (visit.order.payments.len(), visit.order.quotes.len());
            let mut ids: Vec<_> = visit.order.payments.iter().map(|p| p.payment_id).collect();
            ids.sort();
            ids.dedup();
            prop_assert_eq!(ids.len(), payments, "no payment is booked twice");
            prop_assert!(visit.order.version >= before.order.version);
            prop_assert_eq!(visit.order.version == before.order.version, visit.order == before.order, "every change raises the version");
            if visit.order.status == OrderStatus::Paid && visit.order.reviews.is_empty() && visit.order.weighed_at.is_some() {
                prop_assert!(visit.order.paid_fen() >= i128::from(visit.order.due.fen()));
            }
        }
    }

    #[test]
    fn the_same_fact_told_twice_changes_nothing_more(
        steps in prop::collection::vec((any_command(), anybody()), 0..12), again in any_command()
    ) {
        let mut visit = visit(AppointmentStatus::Pending, OrderStatus::Unpaid);
        for (command, act) in steps {
            let _ = visit.apply(&command, &act);
        }
        if matches!(again, Command::Weigh(_) | Command::Pay(_) | Command::Refund(_) | Command::Accept(_)) {
            let _ = visit.apply(&again, &zhang());
            let once = visit.clone();
            let _ = visit.apply(&again, &zhang());
            prop_assert_eq!(visit, once);
        }
    }
}
