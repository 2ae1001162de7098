//! What a customer does to an own appointment: reschedule, cancel, accept the final quote, review. Lock, permit,
//! apply, compare versions, save. A partner of the open API moves and calls off what came through its own key.

use super::view;
use crate::{
    app::App,
    form::Form,
    once,
    once::Reply,
    open::Partner,
    problem::Problem,
    slots,
    store::{
        StoreError, Tx, appointments,
        idempotency::Keyed,
        open_visits,
        ratings::{self, Rating},
        visits,
    },
};
use huishou_domain::{
    appointment::{AppointmentStatus, Slot},
    booking::check_time,
    command::{Accept, Cancel, Command, Reschedule},
    ids::{AppointmentId, QuoteId, UserId},
    order::AcceptedBy,
    pricing::Lang,
    visit::{Act, Party, Visit, permit},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Reasons known to the rules; anything else is kept as `other` with the customer's own words.
const REASONS: &[&str] = &[
    "customer_request",
    "not_home",
    "refused_price",
    "nothing_to_collect",
    "other",
];

/// Who asks about an appointment of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The customer in the mini-program.
    Customer(UserId),
    /// The partner whose key it came through.
    Partner(Partner),
}

impl Who {
    const fn party(self) -> Party {
        match self {
            Self::Customer(user) => Party::Customer(user),
            Self::Partner(_) => Party::Partner,
        }
    }

    /// Who is noted as the writer.
    const fn writer(self) -> Uuid {
        match self {
            Self::Customer(user) => user.0,
            Self::Partner(partner) => partner.id(),
        }
    }
}

/// A request about one appointment.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who.
    pub who: Who,
    /// Which.
    pub id: AppointmentId,
    /// The idempotency key.
    pub keyed: Option<&'a Keyed>,
    /// The body.
    pub raw: &'a Value,
    /// The language of the answer.
    pub lang: Lang,
}

/// Moves an appointment to another time.
///
/// # Errors
/// 404; 422 with the bad fields; 409 `slot_full`, `version_conflict`, or the state's refusal.
pub async fn reschedule(app: &App, request: Request<'_>) -> Result<Reply, Problem> {
    if let Some(reply) = once::replay(app, request.keyed).await? {
        return with_words(app, request, reply).await;
    }
    let station = own_station(app, request).await?;
    let mut form = Form::new(request.raw)?;
    let at = form.instant("appointment_time");
    let expected = form.integer("expect_version", 0..=i64::MAX);
    if let Some(Err(code)) = at.map(|at| check_time(at, app.now())) {
        form.fault("appointment_time", code);
    }
    form.finish()?;
    let at = at.ok_or_else(|| Problem::field("appointment_time", "required"))?;
    let slot = slots::slot_at(&app.db, station, at)
        .await?
        .ok_or_else(|| Problem::field("appointment_time", "outside_slots"))?;
    let command = Command::Reschedule(Box::new(Reschedule {
        appointment_id: request.id,
        appointment_time: at,
    }));
    change(app, request, &command, Some(expected), Some(slot)).await
}

/// Calls an appointment off.
///
/// # Errors
/// 404; 422 with the bad fields; 409 `version_conflict` or the state's refusal.
pub async fn cancel(app: &App, request: Request<'_>) -> Result<Reply, Problem> {
    if let Some(reply) = once::replay(app, request.keyed).await? {
        return with_words(app, request, reply).await;
    }
    own_station(app, request).await?;
    let mut form = Form::new(request.raw)?;
    let reason = form.text("reason", 1..=200);
    let text = form.optional_text("text", 0..=500);
    let expected = form.integer("expect_version", 0..=i64::MAX);
    form.finish()?;
    let (reason, text) = if REASONS.contains(&reason.as_str()) {
        (reason, text)
    } else {
        ("other".to_owned(), Some(reason))
    };
    let command = Command::Cancel(Box::new(Cancel {
        appointment_id: request.id,
        reason,
        text,
    }));
    change(app, request, &command, Some(expected), None).await
}

/// Says yes to a final quote.
///
/// # Errors
/// 404; 422; 409 `not_weighed`, `unknown_quote`, or the state's refusal.
pub async fn accept(app: &App, request: Request<'_>) -> Result<Reply, Problem> {
    if let Some(reply) = once::replay(app, request.keyed).await? {
        return with_words(app, request, reply).await;
    }
    let order_id = own(app, request).await?.order_id;
    let mut form = Form::new(request.raw)?;
    let quote_id = QuoteId(form.id("quote_id"));
    form.finish()?;
    let command = Command::Accept(Box::new(Accept {
        order_id,
        quote_id,
        by: AcceptedBy::MiniProgram,
        blob: None,
    }));
    change(app, request, &command, None, None).await
}

/// Gives stars, once, when the visit is over.
///
/// # Errors
/// 404; 422; 409 `not_completed`, `already_reviewed`.
pub async fn review(app: &App, request: Request<'_>) -> Result<Reply, Problem> {
    if let Some(reply) = once::replay(app, request.keyed).await? {
        return Ok(reply);
    }
    let Who::Customer(user) = request.who else {
        return Err(Problem::not_found());
    };
    own(app, request).await?;
    let mut form = Form::new(request.raw)?;
    let stars = form.integer("stars", 1..=5);
    let text = form.optional_text("text", 0..=500).unwrap_or_default();
    form.finish()?;
    let rating = Rating {
        stars: u8::try_from(stars).unwrap_or(5),
        text,
        created_at: app.now(),
    };
    once!(app, request.keyed, tx => {
        let locked = lock_own(tx, request).await?;
        if locked.visit.appointment.as_ref().is_none_or(|a| a.status != AppointmentStatus::Completed) {
            return Err(Problem::conflict("not_completed", None));
        }
        match ratings::insert(tx, request.id, user, &rating).await {
            Err(StoreError::Duplicate(_)) => Err(Problem::conflict("already_reviewed", None)),
            other => {
                other?;
                let created = huishou_domain::time::wire(rating.created_at);
                Ok(Reply::created(json!({"appointment_id": request.id, "stars": rating.stars, "text": rating.text, "created_at": created})))
            }
        }
    })
}

/// The customer's own appointment, unlocked.
async fn own(
    app: &App,
    request: Request<'_>,
) -> Result<huishou_domain::appointment::Appointment, Problem> {
    let mut connection = app.db.read().await?;
    let found = match request.who {
        Who::Customer(user) => appointments::of_user(&mut connection, user, request.id).await?,
        Who::Partner(partner) => {
            open_visits::appointment(&mut connection, partner, request.id).await?
        }
    };
    found
        .map(|stored| stored.body)
        .ok_or_else(Problem::not_found)
}

async fn own_station(
    app: &App,
    request: Request<'_>,
) -> Result<huishou_domain::ids::StationId, Problem> {
    Ok(own(app, request).await?.station_id)
}

async fn lock_own(tx: &mut Tx, request: Request<'_>) -> Result<visits::Locked, Problem> {
    let locked = visits::lock_appointment(tx, request.id).await?;
    // What came through a partner's key was looked at before and never changes hands.
    let own = |l: &visits::Locked| match request.who {
        Who::Customer(user) => l.visit.order.user_id == Some(user),
        Who::Partner(_) => true,
    };
    locked.filter(own).ok_or_else(Problem::not_found)
}

/// Applies a command. A state that refuses comes before a version that differs, and what changes nothing conflicts
/// with nothing.
async fn change(
    app: &App,
    request: Request<'_>,
    command: &Command,
    expected: Option<i64>,
    slot: Option<Slot>,
) -> Result<Reply, Problem> {
    let mut act = Act::new(request.who.party(), app.now());
    (act.saw_version, act.slot) = (expected, slot);
    let settled = once!(app, request.keyed, tx => {
        let locked = lock_own(tx, request).await?;
        let mut visit = locked.visit.clone();
        let current = || view::bare(&locked.visit).ok();
        permit(&visit, command, &act.party).map_err(|refusal| Problem::refused(refusal, current()))?;
        let done = visit.apply(command, &act).map_err(|refusal| Problem::refused(refusal, current()))?;
        let seen = locked.visit.appointment.as_ref().map(|a| a.version);
        if (done.appointment_changed || done.order_changed) && expected.is_some() && expected != seen {
            return Err(Problem::conflict("version_conflict", current()));
        }
        visits::save(tx, &locked, &visit, request.who.writer()).await.map_err(|error| full(error, &locked.visit))?;
        Ok(Reply::ok(view::bare(&visit)?))
    })?;
    with_words(app, request, settled).await
}

fn full(error: StoreError, visit: &Visit) -> Problem {
    match error {
        StoreError::SlotFull => Problem::conflict("slot_full", view::bare(visit).ok()),
        other => other.into(),
    }
}

/// The answer's estimate and final quote with their working in the caller's language.
async fn with_words(app: &App, request: Request<'_>, reply: Reply) -> Result<Reply, Problem> {
    let body = view::add_words(app, reply.body, request.lang).await?;
    Ok(Reply { body, ..reply })
}
