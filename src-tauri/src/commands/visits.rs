//! Appointments, orders, tickets, and what is done to them.

use huishou_client::view::{
    quote::Executed,
    visit::{AppointmentDetail, AppointmentFilter, AppointmentRow, Directory, OrderDetail, OrderFilter, OrderRow},
};
use serde_json::Value;
use tauri::State;

use super::Answer;
use crate::opening::Opening;

/// Appointments, by time.
#[tauri::command]
pub async fn appointments(opening: State<'_, Opening>, filter: AppointmentFilter) -> Answer<Vec<AppointmentRow>> {
    Ok(opening.engine().await?.appointments(filter).await?)
}

/// One appointment with all about it.
#[tauri::command]
pub async fn appointment(opening: State<'_, Opening>, id: String) -> Answer<AppointmentDetail> {
    Ok(opening.engine().await?.appointment(&id).await?)
}

/// Orders and tickets, newest first.
#[tauri::command]
pub async fn orders(opening: State<'_, Opening>, filter: OrderFilter) -> Answer<Vec<OrderRow>> {
    Ok(opening.engine().await?.orders(filter).await?)
}

/// One order or ticket with all about it.
#[tauri::command]
pub async fn order(opening: State<'_, Opening>, id: String) -> Answer<OrderDetail> {
    Ok(opening.engine().await?.order(&id).await?)
}

/// People and places this device knows.
#[tauri::command]
pub async fn directory(opening: State<'_, Opening>) -> Answer<Directory> {
    Ok(opening.engine().await?.directory().await?)
}

/// Does any command of the trade that needs no pricing: `appointment.start`, `order.pay`, …
#[tauri::command]
pub async fn execute(opening: State<'_, Opening>, name: String, args: Value) -> Answer<Executed> {
    Ok(opening.engine().await?.execute(&name, args).await?)
}
