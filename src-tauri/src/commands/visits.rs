//! Appointments, orders, tickets, and what is done to them.

use huishou_client::view::{
    quote::Executed,
    session::AppError,
    visit::{
        AppointmentDetail, AppointmentFilter, AppointmentRow, Directory, OrderDetail, OrderFilter,
        OrderRow,
    },
};
use serde_json::Value;
use tauri::State;

use super::Answer;
use crate::opening::Opening;

/// Appointments, by time.
#[tauri::command]
pub async fn appointments(
    opening: State<'_, Opening>,
    filter: AppointmentFilter,
) -> Answer<Vec<AppointmentRow>> {
    Ok(opening.engine().await?.appointments(&filter)?)
}

/// One appointment with all about it.
#[tauri::command]
pub async fn appointment(opening: State<'_, Opening>, id: String) -> Answer<AppointmentDetail> {
    Ok(opening.engine().await?.appointment(known(&id)?)?)
}

/// Orders and tickets, newest first.
#[tauri::command]
pub async fn orders(opening: State<'_, Opening>, filter: OrderFilter) -> Answer<Vec<OrderRow>> {
    Ok(opening.engine().await?.orders(&filter)?)
}

/// One order or ticket with all about it.
#[tauri::command]
pub async fn order(opening: State<'_, Opening>, id: String) -> Answer<OrderDetail> {
    Ok(opening.engine().await?.order(known(&id)?)?)
}

/// People and places this device knows.
#[tauri::command]
pub async fn directory(opening: State<'_, Opening>) -> Answer<Directory> {
    Ok(opening.engine().await?.directory()?)
}

/// Does any command of the trade that needs no pricing: `appointment.start`, `order.pay`, …
#[tauri::command]
pub async fn execute(opening: State<'_, Opening>, name: String, args: Value) -> Answer<Executed> {
    Ok(opening.engine().await?.execute(&name, args)?)
}

/// What is no id at all is nobody's.
fn known<T: std::str::FromStr>(id: &str) -> Answer<T> {
    let unknown = || AppError {
        code: "not_found".into(),
        field: Some("id".into()),
        errors: vec![],
    };
    id.parse().map_err(|_| unknown())
}
