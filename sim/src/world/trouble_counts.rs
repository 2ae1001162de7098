//! What was done to nodes, counted.

/// What was done to nodes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Apps killed.
    pub kills: u64,
    /// Devices without power.
    pub power_cuts: u64,
    /// Servers killed.
    pub servers: u64,
    /// The database restarted.
    pub restarts: u64,
    /// Clocks set wrong.
    pub clocks: u64,
    /// Devices out of reach.
    pub away: u64,
    /// Disks full.
    pub full: u64,
    /// Builds too old.
    pub outdated: u64,
    /// Copies of a device's disk made.
    pub backups: u64,
    /// Copies put back in the place of what was newer.
    pub put_back: u64,
    /// Newer versions of the app installed.
    pub upgrades: u64,
    /// Of those, in the place of versions with other tables.
    pub aged: u64,
    /// Devices wiped.
    pub wiped: u64,
    /// Times a person had to sign in anew.
    pub signed_out: u64,
}

impl Counts {
    /// Adds another run's.
    pub fn add(&mut self, other: Self) {
        self.kills += other.kills;
        self.power_cuts += other.power_cuts;
        self.servers += other.servers;
        self.restarts += other.restarts;
        self.clocks += other.clocks;
        self.away += other.away;
        self.full += other.full;
        self.outdated += other.outdated;
        self.backups += other.backups;
        self.put_back += other.put_back;
        self.upgrades += other.upgrades;
        self.aged += other.aged;
        self.wiped += other.wiped;
        self.signed_out += other.signed_out;
    }
}
