//! Statements over many rows come in few shapes, so that each is prepared once a connection and kept: lists of ids are
//! filled up to a power of two, rows are written in pieces of a power of two. A statement that is not kept has to be
//! closed, which the database does not answer; the next one then waits 40 ms for the closing to be acknowledged
//! (Nagle's algorithm against delayed acknowledgement, and the driver sets no TCP_NODELAY).

use huishou_domain::sync::message::MAX_MUTATIONS;
use sqlx::{MySql, QueryBuilder};
use uuid::Uuid;

/// Statements kept prepared a connection: more than there are shapes.
pub(super) const KEPT: usize = 512;

/// How many values a list of so many is filled up to; no list is empty.
pub(super) fn size_for(count: usize) -> usize {
    count.next_power_of_two()
}

/// Completes `… IN (` with the ids and the bracket; the last id fills the list up, which finds nothing more. No ids at
/// all match nothing.
pub(super) fn push_ids(select: &mut QueryBuilder<MySql>, ids: &[Uuid]) {
    let Some(last) = ids.last() else {
        select.push("NULL)");
        return;
    };
    let fill = size_for(ids.len()) - ids.len();
    let mut list = select.separated(", ");
    for id in ids.iter().chain(std::iter::repeat_n(last, fill)) {
        list.push_bind(*id);
    }
    select.push(")");
}

/// The rows in pieces of a power of two each, at most `most` (a power of two itself), in their order; what a full push
/// writes is one piece.
pub(super) fn pieces<T>(rows: &[T], most: usize) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let power = 1 << rest.len().checked_ilog2()?;
        let is_full = most.min(rest.len()) >= MAX_MUTATIONS;
        let size = if is_full {
            MAX_MUTATIONS
        } else {
            most.min(power)
        };
        let (piece, after) = rest.split_at(size);
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_powers_of_two_and_together_the_whole() {
        let rows: Vec<usize> = (0..421).collect();
        let sizes: Vec<usize> = pieces(&rows, 128).map(<[usize]>::len).collect();
        assert_eq!(sizes, [128, 128, 128, 32, 4, 1]);
        assert_eq!(pieces(&rows, 128).flatten().count(), 421);
        assert!(pieces(&rows, 128).flatten().eq(&rows), "in their order");
        assert_eq!(pieces::<usize>(&[], 128).count(), 0);
        let full: Vec<usize> = pieces(&rows, 256).map(<[usize]>::len).collect();
        assert_eq!(full, [200, 200, 16, 4, 1], "a full push is one statement");
        assert!(pieces(&rows, 256).flatten().eq(&rows), "in their order");
    }

    #[test]
    fn lists_are_filled_up_to_a_power_of_two() {
        for (ids, marks) in [(1, 1), (2, 2), (3, 4), (5, 8), (1_000, 1_024)] {
            let mut select = QueryBuilder::<MySql>::new("SELECT 1 WHERE id IN (");
            push_ids(&mut select, &vec![Uuid::nil(); ids]);
            assert_eq!(select.sql().as_str().matches('?').count(), marks, "{ids}");
        }
    }
}
