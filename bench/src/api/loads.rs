//! The open loop's questions: what is it like at a part of what can be served, at 5,000 a second for a minute, and at
//! three times too much.

use super::{
    open::{Phase, drive},
    program::{cpu_seconds, forget_peak, peak_mib},
    scene::Running,
    summary::{Summary, recovery},
};
use anyhow::Result;

/// Connections of the open loop: enough that a slow answer keeps nobody else from being sent.
const CONNECTIONS: usize = 400;
/// Seconds before the part that counts.
const WARM_UP: f64 = 2.0;

/// So many a second for so long.
///
/// # Errors
/// The side is not there.
pub async fn steady(side: &Running, name: &str, rate: f64, seconds: f64) -> Result<Summary> {
    let phases = [Phase {
        rate,
        seconds: WARM_UP + seconds,
    }];
    forget_peak(side.pid());
    let before = cpu_seconds(side.pid());
    let outcomes = drive(side, &phases, CONNECTIONS).await?;
    let summary = Summary::of(
        &format!("{}, {name}", side.side.as_str()),
        &outcomes,
        WARM_UP,
        WARM_UP + seconds,
    );
    eprintln!(
        "{}: {:.0}/s due, {:.0}/s served, p99 {:.2} ms, refused {}, failed {}; server {:.1} CPU s, {:.0} MiB",
        summary.name,
        summary.offered,
        summary.served,
        summary.ok[1],
        summary.refused,
        summary.failed,
        cpu_seconds(side.pid()) - before,
        peak_mib(side.pid())
    );
    Ok(summary)
}

/// Half of what can be served, then three times as much as can be, then half again; answers the three stretches and the
/// seconds until all was well again.
///
/// # Errors
/// The side is not there.
pub async fn overload(
    side: &Running,
    maximum: f64,
    seconds: f64,
) -> Result<([Summary; 3], Option<f64>)> {
    let half = Phase {
        rate: maximum / 2.0,
        seconds: seconds.max(4.0),
    };
    let thrice = Phase {
        rate: maximum * 3.0,
        seconds,
    };
    let outcomes = drive(side, &[half, thrice, half], CONNECTIONS).await?;
    let who = side.side.as_str();
    let (begin, end) = (half.seconds, half.seconds + seconds);
    let summaries = [
        Summary::of(&format!("{who}, half, before"), &outcomes, 1.0, begin),
        Summary::of(
            &format!("{who}, three times too much"),
            &outcomes,
            begin,
            end,
        ),
        Summary::of(
            &format!("{who}, half, from 2 s after"),
            &outcomes,
            end + 2.0,
            end + half.seconds,
        ),
    ];
    // As good as before, or at least as good as is aimed at.
    let limit = (summaries[0].ok[2] * 2.0).max(50.0);
    Ok((summaries, recovery(&outcomes, end, limit)))
}
