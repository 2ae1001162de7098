//! One visit of each state, made by the product itself: booked over its interface, served through its own functions.

use crate::store::history::Pattern;
use anyhow::{Context, Result, anyhow, ensure};
use chrono::{Days, TimeDelta, Utc};
use huishou_domain::{
    command::{Accept, Assign, Cancel, Command, OfAppointment, Pay, Weigh},
    ids::{AppointmentId, OrderId, PaymentId, QuoteId},
    order::{AcceptedBy, PaymentMethod},
    quote::Quote,
    staff::Actor,
    visit::{Act, Party, Visit},
};
use huishou_server::{
    app::{App, State},
    config::Config,
    problem::Problem,
    store::{staff, visits},
    write_tx,
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// Books four visits at `url` and brings each to its state: pending, confirmed, completed, cancelled.
///
/// # Errors
/// The server refused one.
pub async fn make(url: &str, token: &str, database: &str) -> Result<[Pattern; 4]> {
    let environment = [
        ("HUISHOU_DATABASE_URL", database),
        ("HUISHOU_DEV", "true"),
        ("HUISHOU_TOKEN_KEY", super::scene::TOKEN_KEY),
    ];
    let environment = environment.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let config = Config::of(None, environment.into_iter()).map_err(|error| anyhow!("{error}"))?;
    let app = State::new(config)?;
    let mut made = Vec::new();
    for state in 0..4_u8 {
        let booked = book(url, token, state).await?;
        made.push(serve(&app, &booked, state).await?);
    }
    made.try_into().map_err(|_| anyhow!("four"))
}

async fn book(url: &str, token: &str, state: u8) -> Result<Value> {
    let day = (Utc::now() + TimeDelta::hours(8)).date_naive() + Days::new(3);
    let body = json!({
        "city": "330100", "note": "有电梯", "photos": [],
        "items": [
            {"category": "paper/cardboard", "quantity": "2.5", "attributes": {"moisture": "8"}, "note": "旧纸箱"},
            {"category": "paper/newspaper", "quantity": "8", "note": "旧书"},
        ],
        "address": {"division": "330106", "detail": "文三路 90 号 3 幢 2 单元 501", "lng": "120.12", "lat": "30.27"},
        "contact": {"name": "王女士", "phone": "13812345678"},
        "appointment_time": format!("{day}T10:00:00+08:00"),
    });
    let answer = reqwest::Client::new()
        .post(format!("{url}/api/v1/appointments"))
        .bearer_auth(token)
        .header(
            "Idempotency-Key",
            format!("pattern-{state}-{}", Uuid::now_v7()),
        )
        .json(&body)
        .send()
        .await?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(status == 201, "a pattern's booking: {status} {text}");
    Ok(serde_json::from_str(&text)?)
}

async fn serve(app: &App, booked: &Value, state: u8) -> Result<Pattern> {
    let id = |key: &str| -> Result<Uuid> { Ok(booked[key].as_str().context("an id")?.parse()?) };
    let mut pattern = Pattern {
        appointment: id("id")?,
        order: id("order_id")?,
        quote: Uuid::nil(),
    };
    let (desk, collector) = (actor(app, "station1").await?, actor(app, "zhang").await?);
    let appointment = AppointmentId(pattern.appointment);
    let of = || {
        Box::new(OfAppointment {
            appointment_id: appointment,
        })
    };
    if state == 1 || state == 2 {
        let assign = Command::Assign(Box::new(Assign {
            appointment_id: appointment,
            assignee: Some(collector.id),
        }));
        give(app, desk, appointment, &assign).await?;
        give(app, desk, appointment, &Command::Confirm(of())).await?;
    }
    if state == 2 {
        pattern.quote = Uuid::now_v7();
        give(app, collector, appointment, &Command::Start(of())).await?;
        for step in at_the_door(booked, &pattern)? {
            give(app, collector, appointment, &step).await?;
        }
        give(app, collector, appointment, &Command::Complete(of())).await?;
    }
    if state == 3 {
        let cancel = Command::Cancel(Box::new(Cancel {
            appointment_id: appointment,
            reason: "customer_request".to_owned(),
            text: None,
        }));
        give(app, desk, appointment, &cancel).await?;
    }
    Ok(pattern)
}

/// The goods are what was estimated; accepted with a tap, paid in cash.
fn at_the_door(booked: &Value, pattern: &Pattern) -> Result<[Command; 3]> {
    let estimate = Quote::deserialize(&booked["estimate"])?;
    let (order_id, quote_id) = (OrderId(pattern.order), QuoteId(pattern.quote));
    Ok([
        Command::Weigh(Box::new(Weigh {
            photos: Vec::new(),
            order_id,
            quote_id,
            book: estimate.book,
            items: estimate.items,
            lines: estimate.lines,
            total: estimate.total,
            adjustments: Vec::new(),
            due: estimate.due,
            gap_reasons: Vec::new(),
        })),
        Command::Accept(Box::new(Accept {
            order_id,
            quote_id,
            by: AcceptedBy::Tap,
            blob: None,
        })),
        Command::Pay(Box::new(Pay {
            order_id,
            payment_id: PaymentId(Uuid::now_v7()),
            method: PaymentMethod::Cash,
            amount: estimate.due,
        })),
    ])
}

async fn actor(app: &App, username: &str) -> Result<Actor> {
    let person = staff::find_by_username(&mut *app.db.read().await?, username).await?;
    Ok(person.with_context(|| format!("no {username}"))?.actor())
}

async fn give(app: &App, actor: Actor, id: AppointmentId, command: &Command) -> Result<()> {
    let act = Act::new(Party::Staff(actor), app.now());
    let done: Result<(), Problem> = write_tx!(&app.db, |tx| {
        match visits::lock_appointment(tx, id).await? {
            None => Err(Problem::not_found()),
            Some(locked) => {
                let mut visit: Visit = locked.visit.clone();
                match visit.apply(command, &act) {
                    Err(refusal) => Err(Problem::refused(refusal, None)),
                    Ok(_) => Ok(visits::save(tx, &locked, &visit, actor.id.0).await?),
                }
            }
        }
    });
    done.map_err(|problem| anyhow!("{command:?}: {} {:?}", problem.code, problem.cause))
}
