//! What a figure must not be bought with: a personal list answered from a cache.

use super::scene::{Running, token};
use crate::store::history;
use anyhow::{Context, Result, ensure};
use chrono::Utc;
use serde_json::Value;

/// Asks a customer's list until it is as warm as it gets, changes the database behind the server's back, and asks once
/// more: the very next answer must show it.
///
/// # Errors
/// It does not.
pub async fn lists_are_read(ours: &Running) -> Result<()> {
    let number = history::CUSTOMERS;
    for state in 0..4_u8 {
        let before = list(ours, number, state).await?;
        for _ in 0..5 {
            ensure!(
                list(ours, number, state).await? == before,
                "a list changed by itself"
            );
        }
        let added =
            history::slip_in(&ours.base, history::customer(number), state, Utc::now()).await?;
        let after = list(ours, number, state).await?;
        let newest = after.first().context("an empty list")?;
        ensure!(
            *newest == added.to_string(),
            "a list of state {state} was answered from a cache: {newest} is first, not {added}"
        );
    }
    Ok(())
}

async fn list(ours: &Running, number: u64, state: u8) -> Result<Vec<String>> {
    let answer = reqwest::Client::new()
        .get(format!(
            "{}/api/v1/appointments?fields=summary&status={state}",
            ours.url
        ))
        .bearer_auth(token(number)?)
        .send()
        .await?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(status == 200, "a list: {status} {text}");
    let page: Value = serde_json::from_str(&text)?;
    let items = page["items"].as_array().context("items")?;
    let ids = items
        .iter()
        .map(|item| item["id"].as_str().map(str::to_owned));
    ids.collect::<Option<_>>().context("ids")
}
