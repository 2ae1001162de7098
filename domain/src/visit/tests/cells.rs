//! The tables, cell by cell: the state reached, or the refusal, and the reviews raised.

use super::*;
use AppointmentStatus as A;
use OrderStatus as O;
use ReviewCode as R;

/// States in the order of the table's columns.
const APPOINTMENT_STATES: [A; 5] = [
    A::Pending,
    A::Confirmed,
    A::InService,
    A::Completed,
    A::Cancelled,
];
const ORDER_STATES: [O; 4] = [O::Unpaid, O::Paid, O::Completed, O::Cancelled];

type Cell<S> = Result<(S, &'static [R]), Refusal>;

fn appointment_row(command: &Command, act: &Act, row: [Cell<A>; 5]) {
    for (from, expected) in APPOINTMENT_STATES.into_iter().zip(row) {
        let mut visit = visit(from, O::Unpaid);
        let before = visit.clone();
        let got = visit
            .apply(command, act)
            .map(|done| (visit.appointment.as_ref().unwrap().status, done.reviews));
        let expected = expected.map(|(to, reviews)| (to, reviews.to_vec()));
        assert_eq!(
            got,
            expected,
            "{} by {} in {from:?}",
            command.name(),
            act.party.label()
        );
        if got.is_err() {
            assert_eq!(visit, before, "a refusal changes nothing");
        }
    }
}

fn order_row(command: &Command, act: &Act, row: [Cell<O>; 4]) {
    for (from, expected) in ORDER_STATES.into_iter().zip(row) {
        let mut visit = visit(A::InService, from);
        let got = visit
            .apply(command, act)
            .map(|done| (visit.order.status, done.reviews));
        let expected = expected.map(|(to, reviews)| (to, reviews.to_vec()));
        assert_eq!(got, expected, "{} in {from:?}", command.name());
    }
}

#[test]
fn confirm_takes_a_pending_visit_only() {
    let row = [
        Ok((A::Confirmed, &[][..])),
        Ok((A::Confirmed, &[])),
        Err(Refusal::InService),
        Err(Refusal::Completed),
        Err(Refusal::Cancelled),
    ];
    appointment_row(&Command::Confirm(of()), &dispatcher(), row);
}

#[test]
fn assign_leaves_the_state_and_is_refused_when_all_is_over() {
    let row = [
        Ok((A::Pending, &[][..])),
        Ok((A::Confirmed, &[])),
        Ok((A::InService, &[])),
        Err(Refusal::Completed),
        Err(Refusal::Cancelled),
    ];
    appointment_row(&assign(LI), &dispatcher(), row);
}

#[test]
fn a_customer_who_moves_a_confirmed_visit_waits_for_confirmation_again() {
    let mut act = customer();
    act.slot = Some(slot());
    let row = [
        Ok((A::Pending, &[][..])),
        Ok((A::Pending, &[])),
        Err(Refusal::InService),
        Err(Refusal::Completed),
        Err(Refusal::Cancelled),
    ];
    appointment_row(&reschedule(), &act, row);
    act.party = dispatcher().party;
    let row = [
        Ok((A::Pending, &[][..])),
        Ok((A::Confirmed, &[])),
        Err(Refusal::InService),
        Err(Refusal::Completed),
        Err(Refusal::Cancelled),
    ];
    appointment_row(&reschedule(), &act, row);
}

#[test]
fn another_estimate_leaves_the_state_and_is_refused_when_all_is_over() {
    let at_the_door = Err(Refusal::InService);
    for (act, in_service) in [
        (zhang(), at_the_door),
        (dispatcher(), Ok((A::InService, &[][..]))),
    ] {
        let row = [
            Ok((A::Pending, &[][..])),
            Ok((A::Confirmed, &[])),
            in_service,
            Err(Refusal::Completed),
            Err(Refusal::Cancelled),
        ];
        appointment_row(&estimate(51, 1500), &act, row);
    }
    let weighed = [
        Ok((O::Unpaid, &[][..])),
        Err(Refusal::AlreadyWeighed),
        Err(Refusal::AlreadyWeighed),
        Err(Refusal::Cancelled),
    ];
    order_row(&estimate(51, 1500), &dispatcher(), weighed);
}

#[test]
fn another_estimate_replaces_the_one_before_until_the_goods_are_weighed() {
    let mut visit = visit(A::Confirmed, O::Unpaid);
    let done = visit.apply(&estimate(51, 1500), &zhang()).unwrap();
    assert!(done.appointment_changed && !done.order_changed);
    let told = visit.appointment.clone().unwrap();
    assert_eq!(
        (told.estimate.due, told.estimate.kind, told.version),
        (Fen::from_fen(1500), QuoteKind::Estimate, 6),
        "an estimate whatever it was called"
    );
    let again = visit.apply(&estimate(51, 1500), &zhang()).unwrap();
    assert!(!again.appointment_changed, "told again it changes nothing");
    assert_eq!(
        visit.apply(&estimate(51, 1600), &zhang()),
        Err(Refusal::IdTaken),
        "an id stands for one estimate"
    );
    visit.apply(&weigh(61, 900), &zhang()).unwrap();
    assert_eq!(
        visit.apply(&estimate(52, 900), &dispatcher()),
        Err(Refusal::AlreadyWeighed)
    );
    assert_eq!(visit.appointment.unwrap().estimate, told.estimate);
}

#[test]
fn an_estimate_nobody_has_accepted_is_refused_for_its_price() {
    let found = |unknown_book, stale, mismatch| PriceFindings {
        unknown_book,
        stale,
        mismatch,
    };
    for (price, refusal) in [
        (found(true, false, false), Refusal::UnknownBook),
        (found(false, true, true), Refusal::PriceStale),
        (found(false, false, true), Refusal::PriceMismatch),
    ] {
        let (mut act, mut visit) = (zhang(), visit(A::Confirmed, O::Unpaid));
        act.price = price;
        let before = visit.clone();
        assert_eq!(visit.apply(&estimate(51, 1500), &act), Err(refusal));
        assert_eq!(visit, before, "a refusal changes nothing");
    }
}

#[test]
fn an_appointment_is_created_once() {
    let row = [Err(Refusal::IdTaken); 5];
    appointment_row(&Command::Create(Box::new(create())), &dispatcher(), row);
    let opening = Opening {
        id: APPOINTMENT,
        order_id: ORDER,
        user_id: None,
        station_id: STATION,
        slot: slot(),
        estimate: quote(50, 1000),
        at: noon(),
    };
    let booked = opening.open(crate::booking::Booking::as_taken(&create(), "330100"));
    let appointment = booked.appointment.unwrap();
    assert_eq!(
        (appointment.status, appointment.user_id, appointment.version),
        (A::Pending, None, 1)
    );
    assert_eq!(
        (appointment.order_id, booked.order.appointment_id),
        (ORDER, Some(APPOINTMENT))
    );
    assert_eq!(appointment.estimate.kind, QuoteKind::Estimate);
    assert_eq!(appointment.note, "有电梯");
}

#[test]
fn start_and_weigh_begin_the_visit_whatever_was_planned() {
    for command in [Command::Start(of()), weigh(61, 900)] {
        let row = [
            Ok((A::InService, &[][..])),
            Ok((A::InService, &[])),
            Ok((A::InService, &[])),
            Ok((A::Completed, &[R::AlreadyCompleted])),
            Ok((A::InService, &[R::CancelledMeanwhile])),
        ];
        appointment_row(&command, &zhang(), row);
    }
}

#[test]
fn a_customer_cannot_cancel_once_the_collector_has_begun_and_staff_can() {
    let row = [
        Ok((A::Cancelled, &[][..])),
        Ok((A::Cancelled, &[])),
        Err(Refusal::InService),
        Err(Refusal::Completed),
        Ok((A::Cancelled, &[])),
    ];
    appointment_row(&cancel(), &customer(), row);
    for act in [dispatcher(), zhang()] {
        let row = [
            Ok((A::Cancelled, &[][..])),
            Ok((A::Cancelled, &[])),
            Ok((A::Cancelled, &[])),
            Err(Refusal::Completed),
            Ok((A::Cancelled, &[])),
        ];
        appointment_row(&cancel(), &act, row);
    }
}

#[test]
fn complete_ends_the_visit_even_when_it_was_cancelled() {
    let row = [
        Ok((A::Completed, &[][..])),
        Ok((A::Completed, &[])),
        Ok((A::Completed, &[])),
        Ok((A::Completed, &[])),
        Ok((A::Completed, &[R::CancelledMeanwhile])),
    ];
    appointment_row(&Command::Complete(of()), &zhang(), row);
}

#[test]
fn weigh_sets_what_is_due_unless_the_order_is_completed() {
    let row = [
        Ok((O::Unpaid, &[][..])),
        Ok((O::Unpaid, &[R::ReweighedAfterPayment])),
        Ok((O::Completed, &[R::ReweighedAfterCompletion])),
        Ok((O::Unpaid, &[R::CancelledMeanwhile])),
    ];
    order_row(&weigh(61, 2000), &zhang(), row);
    let row = [
        Ok((O::Unpaid, &[][..])),
        Ok((O::Paid, &[R::ReweighedAfterPayment])),
        Ok((O::Completed, &[R::ReweighedAfterCompletion])),
        Ok((O::Unpaid, &[R::CancelledMeanwhile])),
    ];
    order_row(&weigh(61, 900), &zhang(), row);
}

#[test]
fn accept_never_changes_the_state() {
    let mut visit = visit(A::InService, O::Unpaid);
    visit.apply(&weigh(61, 900), &zhang()).unwrap();
    assert_eq!(visit.apply(&accept(61), &zhang()).unwrap().reviews, []);
    visit
        .apply(
            &Command::Accept(Box::new(Accept {
                order_id: ORDER,
                quote_id: QuoteId(Uuid::from_u128(61)),
                by: AcceptedBy::Signature,
                blob: None,
            })),
            &zhang(),
        )
        .unwrap();
    assert_eq!(
        visit.order.accepted().unwrap().by,
        AcceptedBy::Tap,
        "the first acceptance stays, the second is noted"
    );
    assert_eq!(visit.order.acceptances.len(), 2);
    let row = [
        Ok((O::Paid, &[][..])),
        Ok((O::Paid, &[])),
        Ok((O::Completed, &[])),
        Ok((O::Cancelled, &[R::AcceptedCancelled, R::Disputed])),
    ];
    order_row(
        &accept(60),
        &zhang(),
        [Ok((O::Unpaid, &[R::Disputed])), row[1], row[2], row[3]],
    );
}

#[test]
fn pay_settles_exactly_and_everything_else_is_reviewed() {
    let row = [
        Ok((O::Unpaid, &[R::PaidUnweighed][..])),
        Ok((O::Paid, &[R::DoublePayment])),
        Ok((O::Completed, &[R::DoublePayment])),
        Ok((O::Paid, &[R::PaidCancelled])),
    ];
    order_row(&pay(71, 900), &zhang(), row);
    order_row(
        &pay(70, 1100),
        &zhang(),
        [
            Ok((O::Unpaid, &[R::PaidUnweighed])),
            Ok((O::Paid, &[])),
            Ok((O::Completed, &[])),
            row[3],
        ],
    );
}

#[test]
fn payments_add_up_to_what_is_due() {
    for (amounts, status, reviews) in [
        (&[400_i64, 500][..], O::Paid, &[][..]),
        (&[400, 400], O::Unpaid, &[]),
        (&[400, 600], O::Paid, &[R::Overpaid]),
    ] {
        let mut visit = visit(A::InService, O::Unpaid);
        visit.apply(&weigh(61, 900), &zhang()).unwrap();
        let mut last = Applied::default();
        for (i, fen) in amounts.iter().enumerate() {
            last = order_pay(&mut visit, 71 + i as u128, *fen);
        }
        assert_eq!(
            (visit.order.status, &last.reviews[..]),
            (status, reviews),
            "{amounts:?} of 900"
        );
    }
}

#[test]
fn refund_reopens_a_paid_order_only_when_it_is_no_longer_covered() {
    let row = [
        Ok((O::Unpaid, &[R::RefundUnmatched][..])),
        Ok((O::Unpaid, &[])),
        Ok((O::Completed, &[R::RefundedCompleted])),
        Ok((O::Cancelled, &[R::RefundUnmatched])),
    ];
    order_row(&refund(80, 70, 100), &zhang(), row);
}

#[test]
fn void_needs_all_money_back_first() {
    order_row(
        &void(),
        &dispatcher(),
        [
            Ok((O::Cancelled, &[])),
            Err(Refusal::Paid),
            Err(Refusal::Completed),
            Ok((O::Cancelled, &[])),
        ],
    );
    let mut visit = visit(A::InService, O::Paid);
    visit.apply(&refund(80, 70, 1100), &zhang()).unwrap();
    visit.apply(&void(), &dispatcher()).unwrap();
    assert_eq!(visit.order.status, O::Cancelled);
}

#[test]
fn receive_completes_what_is_paid_and_reviews_the_rest() {
    let row = [
        Ok((O::Unpaid, &[R::UnpaidReceived][..])),
        Ok((O::Completed, &[])),
        Ok((O::Completed, &[])),
        Ok((O::Completed, &[R::CancelledReceived])),
    ];
    order_row(&receive(), &zhang(), row);
}

#[test]
fn anothers_fact_is_applied_and_reviewed() {
    let mut visit = visit(A::Confirmed, O::Unpaid);
    visit.apply(&assign(LI), &dispatcher()).unwrap();
    assert_eq!(
        visit
            .apply(&Command::Start(of()), &zhang())
            .unwrap()
            .reviews,
        [R::ReassignedMeanwhile]
    );
    assert_eq!(
        visit.apply(&weigh(61, 900), &zhang()).unwrap().reviews,
        [],
        "once a person is enough"
    );
    assert_eq!(
        visit.order.due,
        Fen::from_fen(900),
        "what was weighed is kept"
    );
}

#[test]
fn a_fact_that_did_not_know_the_customers_new_time_is_reviewed() {
    let mut visit = visit(A::Confirmed, O::Unpaid);
    let saw = visit.appointment.as_ref().unwrap().version;
    let mut moved = customer();
    moved.slot = Some(slot());
    visit.apply(&reschedule(), &moved).unwrap();
    let mut late = zhang();
    late.saw_version = Some(saw);
    assert_eq!(
        visit
            .clone()
            .apply(&Command::Start(of()), &late)
            .unwrap()
            .reviews,
        [R::RescheduledMeanwhile]
    );
    late.saw_version = Some(saw + 1);
    assert_eq!(
        visit.apply(&Command::Start(of()), &late).unwrap().reviews,
        [],
        "they knew"
    );
}

#[test]
fn of_two_weighings_the_accepted_one_counts_or_else_the_later() {
    let mut visit = visit(A::InService, O::Unpaid);
    visit.apply(&weigh(61, 900), &zhang()).unwrap();
    let mut unaccepted = visit.clone();
    let done = unaccepted.apply(&weigh(62, 800), &li()).unwrap();
    assert!(done.reviews.contains(&R::WeighedTwice));
    assert_eq!(
        unaccepted.order.due,
        Fen::from_fen(800),
        "none accepted: the later by server time"
    );
    unaccepted.apply(&accept(61), &zhang()).unwrap();
    assert_eq!(
        unaccepted.order.due,
        Fen::from_fen(900),
        "the accepted one counts"
    );
    visit.apply(&accept(61), &zhang()).unwrap();
    visit.apply(&weigh(62, 800), &li()).unwrap();
    assert_eq!(
        (visit.order.due, visit.order.quotes.len()),
        (Fen::from_fen(900), 2),
        "both are kept, the accepted one counts"
    );
}

#[test]
fn a_cancelled_visit_cancels_its_order_but_never_money() {
    let mut unpaid = visit(A::InService, O::Unpaid);
    unpaid.apply(&cancel(), &zhang()).unwrap();
    assert_eq!(unpaid.order.status, O::Cancelled);
    let mut paid = visit(A::InService, O::Paid);
    assert_eq!(
        paid.apply(&cancel(), &zhang()).unwrap().reviews,
        [R::CancelledAfterPayment]
    );
    assert_eq!(paid.order.status, O::Paid);
}

#[test]
fn a_ticket_is_complete_once_paid() {
    let (order, done) = create_ticket(&ticket(61, 900), &zhang());
    assert_eq!(
        (order.status, order.due, order.collector, done.reviews),
        (O::Unpaid, Fen::from_fen(900), Some(ZHANG), vec![])
    );
    let mut visit = Visit {
        appointment: None,
        order,
    };
    order_pay(&mut visit, 71, 900);
    assert_eq!(visit.order.status, O::Completed);
    assert_eq!(
        visit
            .apply(&Command::Ticket(Box::new(ticket(61, 900))), &zhang())
            .unwrap(),
        Applied::default(),
        "told twice"
    );
    assert_eq!(
        visit
            .apply(&Command::Ticket(Box::new(ticket(61, 901))), &zhang())
            .unwrap()
            .reviews,
        [R::DuplicateTicket]
    );
}

#[test]
fn only_those_entitled_may_plan() {
    let visit = visit(A::Pending, O::Unpaid);
    let stranger = Party::Customer(UserId(Uuid::from_u128(99)));
    let elsewhere = Party::Staff(Actor {
        id: LI,
        role: Role::Station,
        station: Some(StationId(Uuid::from_u128(21))),
    });
    let clerk = staff(BOSS, Role::Station);
    for (command, party, allowed) in [
        (cancel(), customer().party, true),
        (cancel(), stranger, false),
        (assign(LI), customer().party, false),
        (assign(LI), zhang().party, false),
        (assign(LI), dispatcher().party, true),
        (estimate(51, 900), zhang().party, true),
        (estimate(51, 900), dispatcher().party, true),
        (estimate(51, 900), clerk, true),
        (estimate(51, 900), li().party, false),
        (estimate(51, 900), elsewhere, false),
        (estimate(51, 900), customer().party, false),
        (cancel(), zhang().party, true),
        (cancel(), li().party, false),
        (cancel(), elsewhere, false),
        (Command::Start(of()), elsewhere, true),
    ] {
        assert_eq!(
            permit(&visit, &command, &party).is_ok(),
            allowed,
            "{} by {}",
            command.name(),
            party.label()
        );
    }
}

#[test]
fn a_phone_booking_is_taken_by_those_who_answer_the_telephone() {
    for (role, allowed) in [
        (Role::Station, true),
        (Role::Dispatcher, true),
        (Role::Admin, true),
        (Role::Collector, false),
    ] {
        let actor = staff(BOSS, role).staff().unwrap();
        assert_eq!(permit_booking(&actor).is_ok(), allowed, "{}", role.as_str());
    }
}

#[test]
fn goods_worth_nothing_leave_nothing_to_pay() {
    let mut visit = visit(A::InService, O::Unpaid);
    visit.apply(&weigh(61, 0), &zhang()).unwrap();
    assert_eq!(visit.order.status, O::Paid);
    assert_eq!(
        create_ticket(&ticket(61, 0), &zhang()).0.status,
        O::Completed
    );
}

#[test]
fn a_corrected_quote_does_not_come_back() {
    let mut visit = visit(A::InService, O::Unpaid);
    visit.apply(&weigh(61, 1100), &zhang()).unwrap();
    visit.apply(&weigh(62, 950), &zhang()).unwrap();
    assert_eq!(
        visit.apply(&accept(61), &customer()),
        Err(Refusal::QuoteSuperseded)
    );
    visit.apply(&accept(61), &zhang()).unwrap();
    assert_eq!(visit.order.due, Fen::from_fen(950), "noted, nothing more");
    assert!(
        visit.order.accepted().is_none(),
        "a yes to the old quote is no yes to the new one"
    );
}

#[test]
fn money_far_below_the_estimate_needs_a_signature_or_the_customers_own_phone() {
    let mut tapped = visit(A::InService, O::Unpaid);
    tapped.apply(&weigh(61, 899), &zhang()).unwrap();
    tapped.apply(&accept(61), &zhang()).unwrap();
    assert!(lacks_explicit_acceptance(&tapped), "a tap is not enough");
    assert_eq!(
        order_pay(&mut tapped.clone(), 71, 899).reviews,
        [R::AcceptanceMissing]
    );
    let signed = Command::Accept(Box::new(Accept {
        order_id: ORDER,
        quote_id: QuoteId(Uuid::from_u128(61)),
        by: AcceptedBy::Signature,
        blob: None,
    }));
    tapped.apply(&signed, &zhang()).unwrap();
    assert_eq!(order_pay(&mut tapped, 71, 899).reviews, []);
}

#[test]
fn staff_cannot_accept_in_the_customers_mini_program() {
    let mut visit = visit(A::InService, O::Unpaid);
    visit.apply(&weigh(61, 900), &zhang()).unwrap();
    let forged = Command::Accept(Box::new(Accept {
        order_id: ORDER,
        quote_id: QuoteId(Uuid::from_u128(61)),
        by: AcceptedBy::MiniProgram,
        blob: None,
    }));
    assert_eq!(
        visit.apply(&forged, &zhang()).unwrap().reviews,
        [R::Disputed]
    );
    assert!(visit.order.acceptances.is_empty());
}

#[test]
fn other_contents_under_a_known_identity_are_disputed_and_change_nothing() {
    let mut visit = visit(A::InService, O::Unpaid);
    visit.apply(&weigh(61, 900), &zhang()).unwrap();
    assert_eq!(
        visit.apply(&weigh(61, 500), &zhang()).unwrap().reviews,
        [R::Disputed]
    );
    assert_eq!(visit.order.due, Fen::from_fen(900));
    order_pay(&mut visit, 71, 900);
    assert_eq!(
        order_pay(&mut visit, 71, 9900).reviews,
        [],
        "once a person is enough"
    );
    assert_eq!(visit.order.paid_fen(), 900);
}

#[test]
fn lines_that_differ_without_a_reason_are_reviewed() {
    let mut visit = visit(A::InService, O::Unpaid);
    let Command::Weigh(mut args) = weigh(61, 900) else {
        unreachable!()
    };
    args.lines[0].unit_price = "0.9".into();
    let unexplained = Command::Weigh(args.clone());
    assert_eq!(
        visit.clone().apply(&unexplained, &zhang()).unwrap().reviews,
        [R::ReasonsOwed]
    );
    args.gap_reasons = vec![crate::quote::GapReason {
        line: 0,
        code: crate::quote::GapCode::Grade,
        text: None,
    }];
    assert_eq!(
        visit
            .apply(&Command::Weigh(args), &zhang())
            .unwrap()
            .reviews,
        []
    );
}
