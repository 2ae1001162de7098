//! The least that a database does: a look at nothing, and one row committed durably.

use anyhow::Result;
use blackbox::Database;
use sqlx::{Connection, Executor, MySqlConnection};
use std::time::Instant;

/// A connection with a table of one row.
///
/// # Errors
/// Of the database.
pub async fn open(db: &Database) -> Result<MySqlConnection> {
    let mut conn = MySqlConnection::connect(&db.url()).await?;
    conn.execute("CREATE TABLE IF NOT EXISTS bench_floor (id INT PRIMARY KEY, n BIGINT NOT NULL)")
        .await?;
    conn.execute("INSERT IGNORE INTO bench_floor (id, n) VALUES (1, 0)")
        .await?;
    Ok(conn)
}

/// Milliseconds of a prepared statement that reads nothing.
///
/// # Errors
/// Of the database.
pub async fn look(conn: &mut MySqlConnection) -> Result<f64> {
    let began = Instant::now();
    let _one: i64 = sqlx::query_scalar("SELECT 1").fetch_one(conn).await?;
    Ok(ms(began))
}

/// Milliseconds of a transaction of one statement that changes one row, durable when it is answered.
///
/// # Errors
/// Of the database.
pub async fn write(conn: &mut MySqlConnection) -> Result<f64> {
    let began = Instant::now();
    sqlx::query("UPDATE bench_floor SET n = n + 1 WHERE id = 1")
        .execute(conn)
        .await?;
    Ok(ms(began))
}

fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1_000.0
}
