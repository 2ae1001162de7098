//! What goes wrong with the database, by chance and on purpose, and how often it did.

/// How often what goes wrong, in a thousand calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Deadlock out of nowhere.
    pub busy: u32,
    /// Connection lost.
    pub lost: u32,
    /// Connection lost at COMMIT, which took effect all the same.
    pub lost_after_commit: u32,
    /// How long one call in five takes at most, in microseconds: a slow database makes transactions overlap.
    pub slow: u64,
}

/// What was done to the database, and with it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Commits.
    pub commits: u64,
    /// Roll-backs.
    pub rollbacks: u64,
    /// Errors 1213 made by chance.
    pub busy: u64,
    /// Deadlocks that really happened.
    pub deadlocks: u64,
    /// Lock waits.
    pub waits: u64,
    /// Connections lost.
    pub lost: u64,
    /// Connections lost after the commit took effect.
    pub lost_after_commit: u64,
    /// Fail-overs.
    pub failovers: u64,
    /// Commits they forgot.
    pub forgotten: u64,
    /// New histories begun.
    pub epochs: u64,
    /// Entries of the log that compaction took out.
    pub compacted: u64,
    /// Times the log's floor was raised.
    pub floors: u64,
}

impl Counts {
    /// Adds another run's.
    pub fn add(&mut self, other: Self) {
        self.commits += other.commits;
        self.rollbacks += other.rollbacks;
        self.busy += other.busy;
        self.deadlocks += other.deadlocks;
        self.waits += other.waits;
        self.lost += other.lost;
        self.lost_after_commit += other.lost_after_commit;
        self.failovers += other.failovers;
        self.forgotten += other.forgotten;
        self.epochs += other.epochs;
        self.compacted += other.compacted;
        self.floors += other.floors;
    }
}

/// Deliberate faults of the implementation, to prove that the rules notice them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sabotage {
    /// None.
    #[default]
    None,
    /// Pulls do not see what has no number yet.
    NoTail,
    /// Verdicts are stored, effects are not.
    VerdictWithoutEffect,
    /// Effects are stored, and how far the device has come is not.
    EffectWithoutProgress,
    /// The cursor moves past what has no number yet.
    HeadTooFar,
    /// What left a scope is not marked there.
    OldScopeUnmarked,
    /// The sequencer passes over the smallest number when it is not the oldest commit: a cursor over the numbers of
    /// inserts.
    ByInsertNumber,
    /// Reads after the lock see what was there before it.
    StaleAfterLock,
    /// Pictures are called whole and not kept.
    PictureNotKept,
    /// Pictures that a fail-over forgot are said to be there.
    ForgottenPictureUntold,
    /// Upkeep of the log keeps the oldest entry of an aggregate in the place of the newest.
    OldestKept,
    /// Devices that have read less than the log still has are not told so.
    FloorUntold,
    /// A refresh's successor is handed out and not kept.
    SuccessorNotKept,
    /// A used refresh token is good for another one.
    UsedTokenGood,
    /// What a leaving device hands in is not kept.
    QuarantineNotKept,
    /// A device that is shut out is served all the same.
    ServesShutOut,
}
