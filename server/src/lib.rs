//! The sync server: the mini-program's API, staff and devices, sync, over one MySQL or MariaDB database.
//!
//! Who may know whom: only [`store`] knows SQL, only [`routes`] knows axum; everything between takes and gives the
//! types of `huishou_domain`. A handler authorises, parses, calls one function, maps.

pub mod admin;
pub mod app;
pub mod auth;
pub mod blobs;
pub mod bookings;
pub mod books;
pub mod cache;
pub mod cli;
pub mod config;
pub mod crash;
pub mod customer;
pub mod ended;
pub mod form;
pub mod lang;
pub mod limits;
pub mod once;
pub mod open;
pub mod problem;
pub mod redis;
pub mod refresh;
pub mod routes;
pub mod slots;
pub mod staff;
pub mod store;
pub mod sync;
pub mod throttle;
pub mod wechat;
