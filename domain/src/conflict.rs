//! When an intent conflicts (sync.md §5): *someone else* wrote a field other than notes after the version the actor
//! saw. The writer's own earlier writes do not count, so each aggregate remembers not only its last significant
//! write but also the last one by anybody other than its author.

use uuid::Uuid;

/// Who last wrote an aggregate significantly; stored beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteMark {
    /// Version made by the last significant write.
    pub version: i64,
    /// Its author: a device, a customer, or nil for the product itself.
    pub writer: Uuid,
    /// Version made by the last significant write of anybody but `writer`; 0 if there is none.
    pub foreign_version: i64,
}

impl WriteMark {
    /// The mark of a new aggregate.
    #[must_use]
    pub const fn created(writer: Uuid, version: i64) -> Self {
        Self {
            version,
            writer,
            foreign_version: 0,
        }
    }

    /// The mark after a significant write that made `version`.
    #[must_use]
    pub fn written(self, writer: Uuid, version: i64) -> Self {
        let foreign_version = if writer == self.writer {
            self.foreign_version
        } else {
            self.version
        };
        Self {
            version,
            writer,
            foreign_version,
        }
    }

    /// Whether someone other than `writer` wrote after `saw`.
    #[must_use]
    pub fn conflicts(&self, writer: Uuid, saw: i64) -> bool {
        let theirs = if writer == self.writer {
            self.foreign_version
        } else {
            self.version
        };
        theirs > saw
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Uuid = Uuid::from_u128(1);
    const B: Uuid = Uuid::from_u128(2);

    #[test]
    fn ones_own_writes_never_conflict() {
        let mark = WriteMark::created(A, 1).written(A, 2).written(A, 3);
        assert!(
            !mark.conflicts(A, 1),
            "the device's own earlier mutations do not count"
        );
        assert!(mark.conflicts(B, 2));
        assert!(!mark.conflicts(B, 3));
    }

    #[test]
    fn anothers_write_conflicts_even_behind_ones_own() {
        let mark = WriteMark::created(A, 1).written(B, 2).written(A, 3);
        assert!(mark.conflicts(A, 1), "B wrote version 2 after A saw 1");
        assert!(!mark.conflicts(A, 2));
        assert!(mark.conflicts(B, 2), "A wrote version 3 after B saw 2");
    }
}
