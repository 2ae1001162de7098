//! A device that holds very much: how long a command takes, how long the list, how much memory.

use super::{Both, Side};
use crate::{
    figures::{median, millis, percentile},
    store::{fill::Station, look},
};
use anyhow::Result;
use serde_json::{Value, json};

/// Commands measured.
const COMMANDS: usize = 500;
/// The first ones warm up.
const WARM_UP: usize = 20;

/// Measures on a store that holds the whole station; answers lines of a table.
///
/// # Errors
/// Of the client.
pub async fn large(both: &mut Both, station: &Station) -> Result<String> {
    let mut client = both.client(Side::Ours, station, station.clerk()).await?;
    let pulled = client.call(&json!({"op": "pull"})).await?;
    let after_pull = rss(&mut client).await?;
    let ids = look::appointments(both.ours.database(), &station.id, 0, COMMANDS).await;
    let done = client
        .call(&json!({"op": "edit", "ids": ids, "command": "appointment.confirm"}))
        .await?;
    let took = done.answer["took"].as_array().cloned().unwrap_or_default();
    let took: Vec<f64> = took
        .iter()
        .filter_map(Value::as_f64)
        .skip(WARM_UP)
        .collect();
    let list = client.call(&json!({"op": "list"})).await?;
    let at_work = rss(&mut client).await?;
    let held = pulled.answer["documents"].as_u64().unwrap_or(0);
    Ok(format!(
        "| a command on a device with {held} aggregates, median / p99 of {} | {} / {} ms |\n\
         | its whole list of {} appointments | {} ms |\n\
         | the engine's memory after the first sync / at work | {after_pull:.0} / {at_work:.0} MB |\n",
        took.len(),
        millis(median(&took)),
        millis(percentile(&took, 99)),
        list.answer["rows"],
        millis(list.ms),
    ))
}

/// Resident memory in megabytes.
async fn rss(client: &mut crate::client::Client) -> Result<f64> {
    let done = client.call(&json!({"op": "rss"})).await?;
    Ok(done.answer["bytes"].as_f64().unwrap_or(0.0) / 1e6)
}
