//! What customers do through the mini-program: log in, ask for estimates, book, change their mind, accept, look.
//! Each function gathers, decides with `huishou_domain`, applies; none knows HTTP.

pub mod act;
pub mod book;
mod card;
pub mod catalogue;
pub mod cursor;
pub mod lists;
pub mod profile;
pub mod quote;
pub mod sessions;
pub mod shapes;
pub mod view;
pub mod words;
