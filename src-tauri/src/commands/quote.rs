//! Prices and pricing.

use huishou_client::view::{
    book::BookView,
    quote::{
        BookingRequest, EstimateRequest, Executed, Preview, PreviewRequest, TicketRequest,
        WeighRequest,
    },
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

/// Books a visit that was asked for on the telephone.
#[tauri::command]
pub async fn book_visit(opening: State<'_, Opening>, request: BookingRequest) -> Answer<Executed> {
    Ok(opening.engine().await?.book_visit(&request)?)
}

/// Gives another estimate of a visit's goods.
#[tauri::command]
pub async fn estimate(opening: State<'_, Opening>, request: EstimateRequest) -> Answer<Executed> {
    Ok(opening.engine().await?.estimate(&request)?)
}
