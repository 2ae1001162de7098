//! A day of appointments for the demo city, in various states: booked by customers and served by staff through the
//! same functions as in life, only with the clock as an argument. Each day gets its own when the seed is run again.

use super::{
    demo::words,
    demo_plans::{PLANS, Plan, Stage},
};
use crate::{
    app::App,
    customer::book::{self, Booker},
    problem::Problem,
    slots,
    store::{Tx, appointments, staff, users, visits},
    write_tx,
};
use anyhow::Context;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use huishou_domain::{
    command::{Accept, Assign, Command, OfAppointment, Pay, Weigh},
    ids::{AppointmentId, OrderId, PaymentId, QuoteId, UserId},
    order::{AcceptedBy, PaymentMethod},
    pricing::Lang,
    quote::{GapCode, GapReason, Item},
    staff::{Actor, Station},
    visit::{Act, Party, permit},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Makes the appointments of today and tomorrow unless there are any today; answers how many.
///
/// # Errors
/// The database refused.
pub(super) async fn ensure(app: &App, depots: &[Station]) -> anyhow::Result<usize> {
    let today = slots::local(app.now()).date();
    for depot in depots {
        if appointments::any_on(&mut *app.db.read().await?, depot.id.0, today).await? {
            return Ok(0);
        }
    }
    for (index, plan) in PLANS.iter().enumerate() {
        make(app, index, plan, today)
            .await
            .with_context(|| format!("the appointment of {}", plan.name))?;
    }
    Ok(PLANS.len())
}

async fn make(app: &App, index: usize, plan: &Plan, today: NaiveDate) -> anyhow::Result<()> {
    let day = today
        .checked_add_days(Days::new(plan.day))
        .context("a day")?;
    let at = slots::instant(day.and_hms_opt(plan.hour, 30, 0).context("an hour")?);
    // Booked the evening before today, so that today's slots could still be booked.
    let booked = slots::instant(today.and_hms_opt(0, 0, 0).context("midnight")?)
        - TimeDelta::minutes(300 - i64::try_from(index)? * 7);
    let user = customer(app, plan, booked).await?;
    let body = json!({
        "city": "330100", "items": (plan.goods)(), "note": plan.note, "photos": [],
        "address": {"division": plan.division, "detail": plan.detail},
        "contact": {"name": plan.name, "phone": plan.phone},
        "appointment_time": huishou_domain::time::wire(at),
    });
    let made = Box::pin(book::book(
        app,
        Booker::Customer(user),
        None,
        &body,
        Lang::Zh,
        booked,
    ))
    .await
    .map_err(words)?;
    let id = |key: &str| {
        made.body[key]
            .as_str()
            .and_then(|text| text.parse::<Uuid>().ok())
            .context("an id")
    };
    serve(
        app,
        plan,
        (id("id")?.into(), id("order_id")?.into()),
        booked,
        at,
    )
    .await
}

async fn customer(app: &App, plan: &Plan, now: DateTime<Utc>) -> anyhow::Result<UserId> {
    let openid = format!("demo-{}", plan.phone);
    let done: Result<UserId, Problem> = write_tx!(&app.db, |tx| {
        let user = users::meet(tx, &openid, None, now).await?;
        users::set_profile(tx, user, Some(plan.name), None, now).await?;
        users::set_phone(tx, user, "86", plan.phone, now).await?;
        Ok(user)
    });
    done.map_err(words)
}

/// Brings a visit as far as planned; what would lie ahead of now does not happen.
async fn serve(
    app: &App,
    plan: &Plan,
    (id, order): (AppointmentId, OrderId),
    booked: DateTime<Utc>,
    at: DateTime<Utc>,
) -> anyhow::Result<()> {
    let station = actor(app, "station1").await?;
    let after_booking = |minutes| booked + TimeDelta::minutes(minutes);
    if let Some(name) = plan.collector.filter(|_| plan.stage >= Stage::Assigned) {
        let collector = actor(app, name).await?;
        let assign = Command::Assign(Box::new(Assign {
            appointment_id: id,
            assignee: Some(collector.id),
        }));
        give(app, station, id, &assign, after_booking(5)).await?;
        if plan.stage >= Stage::Confirmed {
            give(
                app,
                station,
                id,
                &Command::Confirm(Box::new(OfAppointment { appointment_id: id })),
                after_booking(6),
            )
            .await?;
        }
        visit(app, plan.stage, collector, (id, order), (at, app.now())).await?;
    }
    Ok(())
}

/// What the collector did at the door, as far as planned and past.
async fn visit(
    app: &App,
    stage: Stage,
    collector: Actor,
    (id, order): (AppointmentId, OrderId),
    (at, now): (DateTime<Utc>, DateTime<Utc>),
) -> anyhow::Result<()> {
    let quote = QuoteId(Uuid::now_v7());
    let of = || Box::new(OfAppointment { appointment_id: id });
    let steps: [(Stage, i64); 4] = [
        (Stage::Started, 0),
        (Stage::Weighed, 12),
        (Stage::Paid, 18),
        (Stage::Completed, 20),
    ];
    for (step, minutes) in steps {
        let then = at + TimeDelta::minutes(minutes);
        if stage < step || then > now {
            return Ok(());
        }
        match step {
            Stage::Weighed => {
                give(
                    app,
                    collector,
                    id,
                    &weighing(app, id, order, quote).await?,
                    then,
                )
                .await?
            }
            Stage::Paid => {
                let accept = Accept {
                    order_id: order,
                    quote_id: quote,
                    by: AcceptedBy::Tap,
                    blob: None,
                };
                give(app, collector, id, &Command::Accept(Box::new(accept)), then).await?;
                give(app, collector, id, &payment(app, id, order).await?, then).await?;
            }
            Stage::Completed => give(app, collector, id, &Command::Complete(of()), then).await?,
            _ => give(app, collector, id, &Command::Start(of()), then).await?,
        }
    }
    Ok(())
}

/// The booked goods as the scale saw them: a bag's tare, a little less of everything sold by weight.
async fn weighing(
    app: &App,
    id: AppointmentId,
    order: OrderId,
    quote_id: QuoteId,
) -> anyhow::Result<Command> {
    let booked = appointments::load_many(&mut *app.db.read().await?, &[id.0])
        .await?
        .pop()
        .context("the appointment")?
        .body;
    let book = app
        .books
        .version(&app.db, &booked.city, booked.estimate.book.version)
        .await?
        .context("the book")?;
    let items: Vec<Value> = booked
        .items
        .iter()
        .map(|item| weighed(item, book.rules.unit(&item.category)))
        .collect();
    let goods = items
        .iter()
        .map(|item| serde_json::from_value(item.clone()))
        .collect::<Result<Vec<Item>, _>>()?;
    let quote =
        crate::customer::quote::price(&book, &items, goods, None, app.now()).map_err(words)?;
    let gap_reasons = (0..items.len())
        .map(|line| GapReason {
            line,
            code: GapCode::Weight,
            text: None,
        })
        .collect();
    Ok(Command::Weigh(Box::new(Weigh {
        photos: Vec::new(),
        order_id: order,
        quote_id,
        book: quote.book,
        items: quote.items,
        lines: quote.lines,
        total: quote.total,
        adjustments: Vec::new(),
        due: quote.due,
        gap_reasons,
    })))
}

fn weighed(item: &Item, unit: Option<huishou_domain::pricing::Unit>) -> Value {
    let mut value = json!({"category": item.category, "attributes": item.attributes});
    match (unit, item.quantity) {
        (Some(huishou_domain::pricing::Unit::Kg), Some(quantity)) => {
            // Grams of the booked quantity, less a fiftieth, on a scale with a bag of 300 g.
            let grams = quantity.micros() / 1000;
            let gross = grams - grams / 50 + 300;
            value["weighing"] = json!({"gross": format!("{}.{:03}", gross / 1000, gross % 1000), "tare": "0.300", "source": "scale"});
        }
        (_, quantity) => value["quantity"] = json!(quantity),
    }
    value
}

async fn payment(app: &App, id: AppointmentId, order: OrderId) -> anyhow::Result<Command> {
    let locked: Result<Option<visits::Locked>, Problem> =
        write_tx!(&app.db, |tx| Ok(visits::lock_appointment(tx, id).await?));
    let due = locked.map_err(words)?.context("the visit")?.visit.order.due;
    Ok(Command::Pay(Box::new(Pay {
        order_id: order,
        payment_id: PaymentId(Uuid::now_v7()),
        method: PaymentMethod::Cash,
        amount: due,
    })))
}

/// Lock, permit, apply, save: as any command.
async fn give(
    app: &App,
    actor: Actor,
    id: AppointmentId,
    command: &Command,
    at: DateTime<Utc>,
) -> anyhow::Result<()> {
    let act = Act::new(Party::Staff(actor), at);
    let done: Result<(), Problem> = write_tx!(&app.db, |tx| apply(tx, id, command, &act).await);
    done.map_err(words)
}

async fn apply(
    tx: &mut Tx,
    id: AppointmentId,
    command: &Command,
    act: &Act,
) -> Result<(), Problem> {
    let locked = visits::lock_appointment(tx, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let mut visit = locked.visit.clone();
    permit(&visit, command, &act.party).map_err(|refusal| Problem::refused(refusal, None))?;
    visit
        .apply(command, act)
        .map_err(|refusal| Problem::refused(refusal, None))?;
    let writer = act.party.staff().map_or(Uuid::nil(), |actor| actor.id.0);
    Ok(visits::save(tx, &locked, &visit, writer).await?)
}

async fn actor(app: &App, username: &str) -> anyhow::Result<Actor> {
    let person = staff::find_by_username(&mut *app.db.read().await?, username).await?;
    Ok(person.with_context(|| format!("no {username}"))?.actor())
}
