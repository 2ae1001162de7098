//! The benchmark's own SQL: towns filled in bulk as the product's store would have left them, and looks at the result.

pub mod feed;
pub mod fill;
pub mod floor;
pub mod look;
