//! Prices and pricing.

use huishou_client::view::{
    book::BookView,
    quote::{Executed, Preview, PreviewRequest, TicketRequest, WeighRequest},
};
use tauri::State;

use super::Answer;
use crate::opening::Opening;

/// The price book in force.
#[tauri::command]
pub async fn book(opening: State<'_, Opening>) -> Answer<BookView> {
    Ok(opening.engine().await?.book()?)
}

/// The running total of what is being weighed.
#[tauri::command]
pub async fn preview(opening: State<'_, Opening>, request: PreviewRequest) -> Answer<Preview> {
    Ok(opening.engine().await?.preview(&request)?)
}

/// Stores what was weighed as the order's final quote.
#[tauri::command]
pub async fn weigh(opening: State<'_, Opening>, request: WeighRequest) -> Answer<Executed> {
    Ok(opening.engine().await?.weigh(&request)?)
}

/// Writes a walk-in ticket.
#[tauri::command]
pub async fn ticket(opening: State<'_, Opening>, request: TicketRequest) -> Answer<Executed> {
    Ok(opening.engine().await?.ticket(&request)?)
}
