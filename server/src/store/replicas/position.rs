//! Positions in the history of commits: what a primary has committed and what a replica has applied of it.

use crate::store::StoreError;
use sqlx::{Executor, MySqlConnection, Row};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A place in a server's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// MariaDB's: the last number of each domain.
    Gtid(BTreeMap<u32, u64>),
    /// MySQL's: the binlog's running number, and the byte in it.
    Binlog(u64, u64),
}

/// A place, and in whose history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    epoch: Uuid,
    place: Place,
}

impl Position {
    /// Everything up to `other` is included.
    pub fn reaches(&self, other: &Self) -> bool {
        if self.epoch != other.epoch {
            return false;
        }
        match (&self.place, &other.place) {
            (Place::Gtid(own), Place::Gtid(other)) => other
                .iter()
                .all(|(domain, number)| own.get(domain).is_some_and(|own| own >= number)),
            (Place::Binlog(file, byte), Place::Binlog(other_file, other_byte)) => {
                (file, byte) >= (other_file, other_byte)
            }
            _ => false,
        }
    }
}

/// `0-1-270,1-2-3`: domain, server, number.
fn gtid(text: &str) -> Option<Place> {
    let domains: Option<BTreeMap<u32, u64>> = text
        .split(',')
        .map(|one| {
            let mut parts = one.trim().split('-');
            let (domain, _server, number) = (parts.next()?, parts.next()?, parts.next()?);
            Some((domain.parse().ok()?, number.parse().ok()?))
        })
        .collect();
    domains.filter(|d| !d.is_empty()).map(Place::Gtid)
}

/// `mysql-bin.000042` and the byte.
fn binlog(file: &str, byte: u64) -> Option<Place> {
    let number = file.rsplit_once('.')?.1.parse().ok()?;
    Some(Place::Binlog(number, byte))
}

/// Where the primary stands; nothing where it keeps no binlog.
///
/// # Errors
/// Of the database.
pub(super) async fn of_primary(
    conn: &mut MySqlConnection,
    mariadb: bool,
) -> Result<Option<Position>, StoreError> {
    let place = if mariadb {
        gtid_of(conn, "SELECT @@global.gtid_binlog_pos").await?
    } else {
        binlog_of(conn, "SHOW MASTER STATUS", "File", "Position").await?
    };
    in_epoch(conn, place).await
}

/// How far a replica has applied its primary's history; nothing where it replicates none.
///
/// # Errors
/// Of the database.
pub(super) async fn of_replica(
    conn: &mut MySqlConnection,
    mariadb: bool,
) -> Result<Option<Position>, StoreError> {
    // The position last: what the epoch says may be older, never newer.
    let place = if mariadb {
        gtid_of(conn, "SELECT @@global.gtid_slave_pos").await?
    } else {
        let (file, byte) = ("Relay_Master_Log_File", "Exec_Master_Log_Pos");
        binlog_of(conn, "SHOW SLAVE STATUS", file, byte).await?
    };
    in_epoch(conn, place).await
}

/// A server that follows another primary, or one restored from a backup, is in another epoch.
async fn in_epoch(
    conn: &mut MySqlConnection,
    place: Option<Place>,
) -> Result<Option<Position>, StoreError> {
    let epoch: Option<Uuid> = sqlx::query_scalar("SELECT epoch FROM sync_head WHERE id = 1")
        .fetch_optional(conn)
        .await?;
    Ok(place
        .zip(epoch)
        .map(|(place, epoch)| Position { epoch, place }))
}

async fn gtid_of(
    conn: &mut MySqlConnection,
    sql: &'static str,
) -> Result<Option<Place>, StoreError> {
    let row = conn.fetch_one(sql).await?;
    let text: Option<String> = row.try_get_unchecked(0)?;
    Ok(text.as_deref().and_then(gtid))
}

async fn binlog_of(
    conn: &mut MySqlConnection,
    sql: &'static str,
    file: &str,
    byte: &str,
) -> Result<Option<Place>, StoreError> {
    let Some(row) = conn.fetch_optional(sql).await? else {
        return Ok(None);
    };
    let file: String = row.try_get_unchecked(file)?;
    let byte: u64 = row.try_get_unchecked(byte)?;
    Ok(binlog(&file, byte))
}

/// Whether this is MariaDB.
///
/// # Errors
/// Of the database.
pub(super) async fn is_mariadb(conn: &mut MySqlConnection) -> Result<bool, StoreError> {
    let row = conn.fetch_one("SELECT VERSION()").await?;
    let version: String = row.try_get_unchecked(0)?;
    Ok(version.contains("MariaDB"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(place: Option<Place>, epoch: u128) -> Position {
        Position {
            epoch: Uuid::from_u128(epoch),
            place: place.unwrap(),
        }
    }

    #[test]
    fn a_replica_reaches_a_position_in_every_domain_of_the_same_history() {
        let target = at(gtid("0-1-270,1-1-3"), 1);
        for (text, reaches) in [
            ("0-1-270,1-1-3", true),
            ("0-2-271,1-1-9,7-7-7", true),
            ("0-1-269,1-1-3", false),
            ("0-1-900", false),
        ] {
            assert_eq!(at(gtid(text), 1).reaches(&target), reaches, "{text}");
            assert!(!at(gtid(text), 2).reaches(&target), "another history");
        }
        assert_eq!(gtid(""), None);
        assert_eq!(gtid("nonsense"), None);
    }

    #[test]
    fn a_binlogs_files_are_compared_by_number() {
        let target = at(binlog("bin.000009", 500), 1);
        for (file, byte, reaches) in [
            ("bin.000009", 500, true),
            ("bin.000010", 4, true),
            ("bin.000009", 499, false),
            ("bin.000008", 900, false),
        ] {
            assert_eq!(
                at(binlog(file, byte), 1).reaches(&target),
                reaches,
                "{file}:{byte}"
            );
        }
        assert!(!at(gtid("0-1-1"), 1).reaches(&target));
        assert_eq!(binlog("nonsense", 1), None);
    }
}
