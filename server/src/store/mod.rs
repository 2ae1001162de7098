//! The database: the only place with SQL, one file a table or aggregate. Functions that write take the transaction.
//!
//! Queries are checked at run time (`sqlx::query`), not by sqlx's macros: months' tables have names made at run time,
//! lists have `IN (…)` of any length, and the committed offline cache of the macros would be of one engine only. The
//! tests run every query on MariaDB and on MySQL instead.
//!
//! SQL keeps to what MySQL 5.6, 5.7, MariaDB and TiDB share (architecture.md, storage facts).

mod alike;
pub mod app_keys;
mod appointment_rows;
pub mod appointments;
pub mod archive;
pub mod blob_names;
pub mod blobs;
mod bodies;
pub mod bookings;
mod bulk;
pub mod cards;
pub mod changes;
pub mod compaction;
pub mod contacts;
pub mod db;
pub mod decode;
pub mod devices;
pub mod dirty;
pub mod disputed;
pub mod ended_sessions;
pub mod error;
mod feed_ports;
pub mod freshness;
mod gather;
pub mod health;
pub mod idempotency;
pub mod instances;
pub mod kept_verdicts;
pub mod messages;
pub mod migrations;
pub mod months;
pub mod mutations;
pub mod nonces;
pub mod open_visits;
pub mod order_children;
pub mod orders;
pub mod pairing;
pub mod ports;
pub mod price_book_list;
pub mod price_books;
pub mod quarantine;
pub mod quarantined_pictures;
pub mod ratings;
pub mod refresh_tokens;
pub mod replica;
pub mod replicas;
mod resting;
pub mod retire;
pub mod review_list;
pub mod reviews;
pub mod revocations;
pub mod scopes;
mod script;
mod shapes;
mod sketches;
pub mod slots;
pub mod staff;
pub mod stations;
pub mod stored;
pub mod subscriptions;
pub mod sync_head;
pub mod sync_log;
pub mod users;
pub mod visits;
pub mod worklist;

pub use db::{Db, Snapshot, Tx, WriteError};
pub use error::StoreError;
