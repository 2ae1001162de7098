//! What happens to messages, and how often it did.

/// How often what happens to a message, in a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// Lost before it reaches a server.
    pub lose_request: u32,
    /// Lost on the way back.
    pub lose_answer: u32,
    /// Delivered a second time, up to ten minutes later.
    pub duplicate: u32,
    /// Slow: up to the device's patience and beyond.
    pub slow: u32,
    /// Somebody else answers that the device is shut out.
    pub imposter: u32,
}

/// What happened to messages.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Requests sent.
    pub requests: u64,
    /// Requests lost.
    pub lost_requests: u64,
    /// Answers lost.
    pub lost_answers: u64,
    /// Delivered twice.
    pub duplicates: u64,
    /// Slow ones.
    pub slow: u64,
    /// Handlers dropped because who asked had gone.
    pub hang_ups: u64,
    /// Answers that say the build is too old.
    pub upgrades: u64,
    /// False words that a device is shut out.
    pub imposters: u64,
}

impl Counts {
    /// Adds another run's.
    pub fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.lost_requests += other.lost_requests;
        self.lost_answers += other.lost_answers;
        self.duplicates += other.duplicates;
        self.slow += other.slow;
        self.hang_ups += other.hang_ups;
        self.upgrades += other.upgrades;
        self.imposters += other.imposters;
    }
}
