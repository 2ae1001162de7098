//! The customer's side: schema, bookings, idempotency, months, lists, WeChat, bad input.

mod acts;
mod booking;
mod explain;
mod house;
mod input;
mod lists;
mod months;
mod once;
mod schema;
mod support;
mod wechat;
