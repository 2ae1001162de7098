//! The business rules of recycling, pure: no async, SQL, HTTP, clock, randomness or environment. Time and ids are
//! arguments. The app, the server and the command line price and decide with exactly this code.

pub mod appointment;
pub mod blob;
pub mod booking;
pub mod command;
pub mod conflict;
pub mod difference;
pub mod division;
pub mod ids;
pub mod mobile;
pub mod money;
pub mod number;
pub mod order;
pub mod price_book;
pub mod pricing;
pub mod quote;
pub mod review;
pub mod staff;
pub mod sync;
pub mod time;
pub mod visit;
pub mod weight;
