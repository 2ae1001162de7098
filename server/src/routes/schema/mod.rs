//! The shapes of the customer's API as `/openapi.json` publishes them. They describe; what is sent is made in
//! [`crate::customer`], and a test holds the two together.

pub mod answers;
pub mod cards;
pub mod errors;
pub mod open;
pub mod requests;

pub use answers::*;
pub use cards::*;
pub use errors::{BadFieldShape, ProblemShape};
pub use open::*;
pub use requests::*;
