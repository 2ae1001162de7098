//! What the person in front of the screen is told before a command is recorded. The server refuses no fact; here,
//! where it can still be put right, a fact that breaks the trade's own rules is sent back.

use super::lists::staff_names;
use crate::{
    error::{Error, Result},
    store::Db,
    view::session::FieldFault,
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    blob,
    booking::check_time,
    command::{Accept, Command, Pay, RefundArgs, TicketCreate, Weigh, check},
    difference::{difference, needs_explicit_acceptance},
    ids::QuoteId,
    money::Fen,
    order::{AcceptedBy, Order, Seller},
    quote::{AdjustmentLimits, Quote, bounds, check_adjustments},
    staff::Actor,
    visit::{Visit, lacks_explicit_acceptance},
};

/// Longest amount in fen: 9,999,999,999.99.
const MOST_FEN: i64 = 999_999_999_999;

/// Checks a command on a visit that is here.
///
/// # Errors
/// A code and the field at fault.
pub fn check(
    db: &Db,
    visit: &Visit,
    command: &Command,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<()> {
    match command {
        Command::Weigh(args) => weigh(visit, args, actor, now),
        Command::Accept(args) => accept(visit, args),
        Command::Pay(args) => pay(visit, args),
        Command::Refund(args) => refund(&visit.order, args),
        Command::Cancel(_) | Command::Void(_) => {
            check::form(command).map_err(|fault| Error::field(fault.code, fault.field))
        }
        Command::Estimate(args) => {
            check::form(command).map_err(|fault| Error::field(fault.code, fault.field))?;
            quote(&args.quote, actor)
        }
        Command::Reschedule(args) => check_time(args.appointment_time, now)
            .map_err(|code| Error::field(code, "appointment_time")),
        Command::Assign(args) => match args.assignee {
            Some(id) if !staff_names(db)?.contains_key(&id) => Err(Error::not_found("assignee")),
            _ => Ok(()),
        },
        Command::Confirm(_)
        | Command::Start(_)
        | Command::Complete(_)
        | Command::Receive(_)
        | Command::Ticket(_)
        | Command::Create(_)
        | Command::Publish(_) => Ok(()),
    }
}

/// Checks the publication of a price book; any other command passes.
///
/// # Errors
/// `forbidden`, or what is wrong with the book.
pub fn catalogue(command: &Command, actor: &Actor) -> Result<()> {
    let Command::Publish(args) = command else {
        return Ok(());
    };
    if !actor.role.plans_everywhere() {
        return Err(Error::code("forbidden"));
    }
    args.book
        .verify()
        .map_err(|_| Error::field("invalid_book", "book"))
}

/// Checks a walk-in ticket.
///
/// # Errors
/// A code and the field at fault.
pub fn ticket(args: &TicketCreate, actor: &Actor) -> Result<()> {
    if !actor.role.plans_everywhere() && actor.station != Some(args.station_id) {
        return Err(Error::field("forbidden", "station_id"));
    }
    if let Some((field, code)) = args.seller.as_ref().and_then(Seller::fault) {
        return Err(Error::field(code, field));
    }
    quote(&args.quote, actor)
}

fn quote(quote: &Quote, actor: &Actor) -> Result<()> {
    if quote.items.is_empty() {
        return Err(Error::field("empty", "items"));
    }
    for (index, item) in quote.items.iter().enumerate() {
        if let Some(long) = bounds::too_long(item.attributes.iter(), item.note.as_deref()) {
            return Err(Error::field("too_long", format!("items[{index}].{long}")));
        }
    }
    if quote.lines.len() != quote.items.len() {
        return Err(Error::field("lines_mismatch", "lines"));
    }
    check_adjustments(
        quote.total,
        quote.lines.len(),
        &quote.adjustments,
        quote.due,
        actor.role,
        &AdjustmentLimits::default(),
    )
    .map_err(|fault| Error::field(fault.as_str(), "adjustments"))
}

fn weigh(visit: &Visit, args: &Weigh, actor: &Actor, now: DateTime<Utc>) -> Result<()> {
    if let Some(told) = quote_of(&visit.order, args.quote_id) {
        let same = told.due == args.due && told.items == args.items;
        return told_again(same, "quote_id");
    }
    let last = args.quote(now);
    quote(&last, actor)?;
    if let Some((field, code)) = blob::photos_fault(&args.photos) {
        return Err(Error::field(code, field));
    }
    let Some(appointment) = &visit.appointment else {
        return Ok(());
    };
    let owed = difference(&appointment.estimate, &last, &AdjustmentLimits::default()).reasons_owed;
    if owed.is_empty() {
        return Ok(());
    }
    let fault = |line: &usize| FieldFault {
        field: format!("gap_reasons[{line}]"),
        code: "reasons_owed".into(),
    };
    Err(Error::fields(
        "reasons_owed",
        owed.iter().map(fault).collect(),
    ))
}

/// The customer is asked about the quote that counts, and about no other.
fn accept(visit: &Visit, args: &Accept) -> Result<()> {
    let current = visit
        .order
        .current()
        .ok_or_else(|| Error::field("not_weighed", "order_id"))?;
    if current.quote.id != args.quote_id {
        let told = quote_of(&visit.order, args.quote_id).is_some();
        let code = if told {
            "quote_superseded"
        } else {
            "unknown_quote"
        };
        return Err(Error::field(code, "quote_id"));
    }
    let due = current.quote.due;
    let limits = AdjustmentLimits::default();
    let explicit = visit
        .appointment
        .as_ref()
        .is_some_and(|a| needs_explicit_acceptance(a.estimate.due, due, &limits));
    match args.by {
        AcceptedBy::Tap if explicit => {
            return Err(Error::field("explicit_acceptance_required", "by"));
        }
        AcceptedBy::MiniProgram => return Err(Error::field("invalid", "by")),
        AcceptedBy::Tap | AcceptedBy::Signature => {}
    }
    match &args.blob {
        Some(blob) if blob.len() != 64 || !blob.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Err(Error::field("invalid", "blob"))
        }
        _ => Ok(()),
    }
}

fn quote_of(order: &Order, id: QuoteId) -> Option<&Quote> {
    let found = order.quotes.iter().find(|q| q.quote.id == id);
    found.map(|q| &q.quote)
}

fn pay(visit: &Visit, args: &Pay) -> Result<()> {
    let mut payments = visit.order.payments.iter();
    if let Some(told) = payments.find(|p| p.payment_id == args.payment_id) {
        let same = told.amount == args.amount && told.method == args.method;
        return told_again(same, "payment_id");
    }
    if lacks_explicit_acceptance(visit) {
        return Err(Error::code("explicit_acceptance_required"));
    }
    amount(args.amount)
}

/// An identity stands for one thing: told again as it was it changes nothing, with other contents it is taken.
fn told_again(same: bool, field: &str) -> Result<()> {
    if same {
        Ok(())
    } else {
        Err(Error::field("id_taken", field))
    }
}

fn refund(order: &Order, args: &RefundArgs) -> Result<()> {
    let mut refunds = order.refunds.iter();
    if let Some(told) = refunds.find(|r| r.refund_id == args.refund_id) {
        let same = told.amount == args.amount && told.payment_id == args.payment_id;
        return told_again(same, "refund_id");
    }
    if !order
        .payments
        .iter()
        .any(|p| p.payment_id == args.payment_id)
    {
        return Err(Error::not_found("payment_id"));
    }
    amount(args.amount)
}

fn amount(amount: Fen) -> Result<()> {
    if (1..=MOST_FEN).contains(&amount.fen()) {
        Ok(())
    } else {
        Err(Error::field("invalid_amount", "amount"))
    }
}
