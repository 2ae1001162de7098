//! A device's contact over HTTP: who it is and whether anything is new are one look; only where something is, pages are
//! read.

use super::pull::{self, Asked};
use crate::{
    app::State,
    problem::Problem,
    staff::{StaffSession, session::Bearer},
    store::kept_verdicts,
};
use huishou_domain::{
    ids::DeviceId,
    sync::message::{PullAnswer, PullRequest},
};

/// Answers a pull.
///
/// # Errors
/// Of the session, the question, or the database.
pub async fn pull(
    app: &State,
    bearer: Bearer,
    request: &PullRequest,
) -> Result<PullAnswer, Problem> {
    let (key, caller) = (app.config.cursor_secret(), bearer.caller);
    // Who may not ask is told that, whatever they ask.
    let asked = Asked::read(&key, caller, request);
    let place = asked.as_ref().ok().and_then(Asked::place);
    let (_session, look) = StaffSession::load_looking(app, bearer, place.as_ref()).await?;
    let asked = asked?;
    let quiet = look.as_ref().and_then(|look| asked.quiet(look, app.now()));
    let Some(answer) = quiet else {
        let answer = pull::page(&app.db, &key, &asked, app.now()).await?;
        // Once a day: a write of its own at each pull would cost more than the pull.
        if request.check {
            note_confirmed(app, caller.device, request.confirmed).await;
        }
        return Ok(answer);
    };
    let known = look.map_or(0, |look| look.progress.confirmed);
    if answer.last_mutation.min(request.confirmed) > known {
        note_confirmed(app, caller.device, request.confirmed).await;
    }
    Ok(answer)
}

/// What a device has confirmed: after its last push only its pulls say so.
async fn note_confirmed(app: &State, device: DeviceId, upto: i64) {
    if let Err(error) = kept_verdicts::confirmed(&app.db, device, upto).await {
        tracing::warn!(%error, %device, "what a device has confirmed could not be noted");
    }
}
