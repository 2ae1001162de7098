//! The benchmark's own SQL: towns filled in bulk as the product's store would have left them, and looks at the result.

pub mod base;
pub mod feed;
pub mod fill;
pub mod floor;
pub mod history;
pub mod look;
pub mod rival;
