//! Reviews: what is wrong with a fact. A fact is always recorded; what does not fit becomes an entry on the
//! administrator's list (sync.md §5).

use crate::ids::StaffId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// Why a fact should be looked at.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS))]
        pub enum ReviewCode {
            $($(#[$doc])* #[serde(rename = $text)] $name),*
        }

        impl ReviewCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable wire code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

codes! {
    /// Started or weighed although already completed.
    AlreadyCompleted = "already_completed",
    /// Served although it had been cancelled.
    CancelledMeanwhile = "cancelled_meanwhile",
    /// Served by someone it was no longer assigned to.
    ReassignedMeanwhile = "reassigned_meanwhile",
    /// Served although the customer had moved it.
    RescheduledMeanwhile = "rescheduled_meanwhile",
    /// Weighed again after money had been paid.
    ReweighedAfterPayment = "reweighed_after_payment",
    /// Weighed again after the order was completed.
    ReweighedAfterCompletion = "reweighed_after_completion",
    /// Two collectors weighed it.
    WeighedTwice = "weighed_twice",
    /// Paid more than due.
    Overpaid = "overpaid",
    /// Paid before any weighing.
    PaidUnweighed = "paid_unweighed",
    /// Paid again with another payment id.
    DoublePayment = "double_payment",
    /// Paid although the order was cancelled.
    PaidCancelled = "paid_cancelled",
    /// Accepted although the order was cancelled.
    AcceptedCancelled = "accepted_cancelled",
    /// Refunded after the order was completed.
    RefundedCompleted = "refunded_completed",
    /// A refund of a payment nobody knows, or of more than was paid.
    RefundUnmatched = "refund_unmatched",
    /// Lines differ from the estimate and nobody said why.
    ReasonsOwed = "reasons_owed",
    /// Paid far below the estimate without the customer's signature or acceptance in the mini-program.
    AcceptanceMissing = "acceptance_missing",
    /// A ticket of a station where its author does not work.
    ForeignStation = "foreign_station",
    /// Received at the depot although unpaid.
    UnpaidReceived = "unpaid_received",
    /// Received at the depot although cancelled.
    CancelledReceived = "cancelled_received",
    /// Cancelled after money had been paid.
    CancelledAfterPayment = "cancelled_after_payment",
    /// The depot's scale differs beyond tolerance.
    ReweighDifference = "reweigh_difference",
    /// Priced with a book superseded beyond the grace period.
    PriceStale = "price_stale",
    /// The server's recomputation differs.
    PriceMismatch = "price_mismatch",
    /// The price book named is not known to the server.
    UnknownBook = "unknown_book",
    /// A ticket whose id names an order that exists with other contents.
    DuplicateTicket = "duplicate_ticket",
    /// The id's time is implausible.
    ImplausibleTime = "implausible_time",
    /// The fact's entity is unknown or the fact malformed: kept as a disputed record.
    Disputed = "disputed",
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Review {
    /// What.
    pub code: ReviewCode,
    /// When it was recorded (server time on the server).
    #[serde(with = "crate::time::millis")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub at: DateTime<Utc>,
    /// Whose fact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub by: Option<StaffId>,
}
