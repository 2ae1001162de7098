//! `verify-store`: what is wrong with a store, what can be done about it, and doing it. Works on stores that do not open.

use super::{failed, print_line};
use huishou_client::{
    engine::{Config, Engine, Offer, Repair, Verified, plan_salvage, salvage},
    error::{Error, Result},
};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Something is wrong.
const WRONG: u8 = 2;
/// Something is still wrong after the repairs.
const STILL_WRONG: u8 = 3;

/// Checks, and repairs where that was asked for and confirmed.
pub fn run(config: &Config, practice: bool, repair: Option<&str>, yes: bool) -> ExitCode {
    let checked = Checked::of(config, practice);
    let chosen = checked.and_then(|checked| Ok((choice(&checked, repair)?, checked)));
    let (chosen, checked) = match chosen {
        Ok(found) => found,
        Err(error) => return failed(error),
    };
    if chosen.is_empty() || !yes {
        return tell(config, &checked, &chosen);
    }
    match repaired(config, practice, checked, &chosen) {
        Ok(after) => told(&after.verified, &json!({ "repaired": chosen }), STILL_WRONG),
        Err(error) => failed(error),
    }
}

/// A store that was looked at: open, or too bad to be opened.
struct Checked {
    engine: Option<Engine>,
    verified: Verified,
}

impl Checked {
    fn of(config: &Config, practice: bool) -> Result<Self> {
        match Engine::open(config.clone()) {
            Ok(engine) => {
                if practice {
                    engine.practice_enter()?;
                }
                let verified = engine.verify_store()?;
                let engine = Some(engine);
                Ok(Self { engine, verified })
            }
            Err(error) if error.stable_code() == "store_corrupt" => Ok(Self {
                engine: None,
                verified: Verified::unopened(&error),
            }),
            Err(error) => Err(error),
        }
    }
}

/// The repairs asked for: the one that was named, or all that are on offer.
fn choice(checked: &Checked, repair: Option<&str>) -> Result<Vec<Repair>> {
    let offered = || checked.verified.offers.iter().map(|offer| offer.repair);
    match repair {
        None => Ok(Vec::new()),
        Some("all") if offered().any(|repair| repair == Repair::Salvage) => {
            Ok(vec![Repair::Salvage])
        }
        Some("all") => Ok(offered().collect()),
        Some(name) => Repair::parse(name)
            .map(|repair| vec![repair])
            .ok_or_else(|| Error::field("unknown_repair", "repair")),
    }
}

/// What is wrong, what would be done, and what would be lost.
fn tell(config: &Config, checked: &Checked, chosen: &[Repair]) -> ExitCode {
    let mut more = json!({});
    if !chosen.is_empty() {
        let offers: Vec<Offer> = chosen.iter().copied().map(Offer::from).collect();
        more["plan"] = json!(offers);
    }
    let salvages = |repair: Repair| repair == Repair::Salvage;
    let offered = checked.verified.offers.iter().map(|offer| offer.repair);
    if chosen.iter().copied().chain(offered).any(salvages) {
        match plan_salvage(config) {
            Ok(plan) => more["salvage"] = json!(plan),
            Err(error) => return failed(error),
        }
    }
    told(&checked.verified, &more, WRONG)
}

fn repaired(
    config: &Config,
    practice: bool,
    checked: Checked,
    chosen: &[Repair],
) -> Result<Checked> {
    if chosen.contains(&Repair::Salvage) {
        drop(checked);
        salvage(config)?;
        return Checked::of(config, practice);
    }
    let engine = checked
        .engine
        .clone()
        .ok_or_else(|| Error::code("store_corrupt"))?;
    let mut verified = checked.verified.clone();
    for repair in chosen {
        verified = engine.repair(*repair)?;
    }
    Ok(Checked {
        verified,
        ..checked
    })
}

/// Prints what was found, and more; the status when something is wrong.
fn told(verified: &Verified, more: &Value, status: u8) -> ExitCode {
    let mut answer = json!(verified);
    if let (Some(answer), Some(more)) = (answer.as_object_mut(), more.as_object()) {
        answer.extend(more.clone());
    }
    if verified.ok {
        return print_line(&answer);
    }
    eprintln!("{}", verified.faults.join("\n"));
    let faults = verified.faults.join("; ");
    answer["code"] = json!("store_inconsistent");
    answer["field"] = json!(faults);
    answer["error"] = json!({"code": "store_inconsistent", "field": faults, "errors": []});
    // Nobody reading is not worse than what is told.
    let _ = print_line(&answer);
    ExitCode::from(status)
}
