//! Runs of the closed loop, both sides in turns, with what they cost.

use super::{
    program::{cpu_seconds, forget_peak, peak_mib},
    scene::{Running, Scene},
    table::Run,
    wrk,
};
use anyhow::Result;

/// Seconds of warming up before each run.
const WARM_UP: u64 = 2;

/// One run of a mode against a side: warmed up, then measured.
///
/// # Errors
/// wrk failed.
pub fn measure(scene: &Scene, side: &Running, mode: &str, seconds: u64) -> Result<Run> {
    scene.settle(side);
    wrk::run(
        side.side,
        &side.url,
        &side.tokens,
        mode,
        WARM_UP.min(seconds),
    )?;
    forget_peak(side.pid());
    let before = (cpu_seconds(side.pid()), scene.database_seconds());
    let seen = wrk::run(side.side, &side.url, &side.tokens, mode, seconds)?;
    Ok(Run {
        seen,
        server_cpu: cpu_seconds(side.pid()) - before.0,
        database_cpu: scene.database_seconds() - before.1,
        memory: peak_mib(side.pid()),
    })
}
