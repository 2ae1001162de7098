//! `checks`: count and Σ hash(kind, id, version) of a scope, by which a device proves that it holds exactly what
//! the server's snapshot held (sync.md 9). The sum is commutative, so either side may keep it incrementally.

use super::scope::Kind;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Count and hash sum of a scope's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Check {
    /// How many aggregates.
    pub count: u64,
    /// Wrapping sum of row hashes.
    pub sum: u64,
}

impl Check {
    /// Adds one row.
    pub fn add(&mut self, kind: Kind, id: Uuid, version: i64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(row_hash(kind, id, version));
    }
}

/// The first eight bytes (big-endian) of SHA-256 over `kind`, a zero byte, the id's 16 bytes and the version's 8.
#[must_use]
pub fn row_hash(kind: Kind, id: Uuid, version: i64) -> u64 {
    let mut hash = Sha256::new();
    hash.update(kind.as_str().as_bytes());
    hash.update([0]);
    hash.update(id.as_bytes());
    hash.update(version.to_be_bytes());
    let digest = hash.finalize();
    digest
        .iter()
        .take(8)
        .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte))
}

#[derive(Serialize, Deserialize)]
struct Wire {
    count: u64,
    hash: String,
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire {
            count: self.count,
            hash: format!("{:016x}", self.sum),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Check {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let sum = u64::from_str_radix(&wire.hash, 16).map_err(serde::de::Error::custom)?;
        Ok(Self {
            count: wire.count,
            sum,
        })
    }
}
