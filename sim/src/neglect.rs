//! Faults of the app on purpose, to prove that the rules notice them.

/// What the app leaves undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Neglect {
    /// Nothing.
    #[default]
    None,
    /// It pulls when a hint comes or something is done here, and never by itself.
    TrustHints,
    /// An upgrade takes what waits along with what the server said.
    UpgradeForgetsOutbox,
    /// An upgrade does not lay over again what was done here.
    UpgradeForgetsOverlay,
    /// It takes anybody's word for it that it is shut out.
    BelievesAnybody,
    /// What was told is forgotten at once, and not kept for a server that is set back.
    KeepsNothing,
}
