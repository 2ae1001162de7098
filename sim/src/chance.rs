//! Chance: every choice of a run comes out of one seed, through a generator whose numbers are the same on every machine
//! and with every version of every library (xoshiro256++, seeded by splitmix64).

use std::sync::{Arc, Mutex, PoisonError};

/// A stream of choices; clones share it.
#[derive(Debug, Clone)]
pub struct Chance(Arc<Mutex<[u64; 4]>>);

impl Chance {
    /// The stream of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Self(Arc::new(Mutex::new([next(), next(), next(), next()])))
    }

    /// A stream of its own that follows from this one: what one part draws does not move what another gets.
    #[must_use]
    pub fn branch(&self) -> Self {
        Self::of(self.bits())
    }

    /// 64 bits.
    #[must_use]
    pub fn bits(&self) -> u64 {
        let mut s = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let drawn = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        drawn
    }

    /// Below `end`, which is at least 1.
    #[must_use]
    pub fn below(&self, end: u64) -> u64 {
        // The bias of a remainder of 64 bits is far below anything a simulation can see.
        self.bits() % end.max(1)
    }

    /// An index of something with so many elements.
    #[must_use]
    pub fn index(&self, len: usize) -> usize {
        usize::try_from(self.below(u64::try_from(len).unwrap_or(1))).unwrap_or(0)
    }

    /// In `from..=to`.
    #[must_use]
    pub fn between(&self, from: i64, to: i64) -> i64 {
        let span = u64::try_from(to.saturating_sub(from)).unwrap_or(0);
        from + i64::try_from(self.below(span.saturating_add(1))).unwrap_or(0)
    }

    /// True so many times in a thousand.
    #[must_use]
    pub fn permille(&self, share: u32) -> bool {
        self.below(1_000) < u64::from(share)
    }

    /// One of these.
    #[must_use]
    pub fn pick<'a, T>(&self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() {
            None
        } else {
            of.get(self.index(of.len()))
        }
    }

    /// Bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            let drawn = self.bits().to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_choices_for_ever() {
        let chance = Chance::of(1);
        let drawn = [chance.bits(), chance.bits(), chance.bits()];
        assert_eq!(
            drawn,
            [
                0xcfc5_d07f_6f03_c29b,
                0xbf42_4132_963f_e08d,
                0x19a3_7d57_57aa_f520
            ],
            "a changed generator would make every noted seed worthless"
        );
    }

    #[test]
    fn bounds_are_kept() {
        let chance = Chance::of(7);
        for _ in 0..1_000 {
            assert!(chance.below(3) < 3);
            assert!((-2..=2).contains(&chance.between(-2, 2)));
        }
        assert!(chance.pick::<u8>(&[]).is_none());
    }
}
