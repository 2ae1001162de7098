//! The peer's database, filled as its README says.

use super::base::{Base, has_table};
use anyhow::{Context, Result, ensure};
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Makes the peer's tables and fills them with its own program, unless they hold so many rows already.
///
/// # Errors
/// A program of the peer's folder does not run.
pub async fn fill(base: &Base, folder: &Path, rows: u64) -> Result<()> {
    if has_table(base, "bench_filled").await? {
        return Ok(());
    }
    for table in ["users", "appointments", "orders", "pricing_rules"] {
        base.execute(&format!("DROP TABLE IF EXISTS {table}"))
            .await?;
    }
    eprintln!(
        "filling the peer's {} with {rows} appointments",
        base.name()
    );
    feed(base, std::fs::File::open(folder.join("schema.sql"))?.into())?;
    let mut rows_out = Command::new("python3")
        .arg(folder.join("load.py"))
        .arg(rows.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .context("python3")?;
    let sql = rows_out.stdout.take().context("piped")?;
    feed(base, sql.into())?;
    ensure!(rows_out.wait()?.success(), "the peer's load.py failed");
    base.execute("ANALYZE TABLE users, appointments, orders; CREATE TABLE bench_filled (visits BIGINT NOT NULL)")
        .await?;
    Ok(())
}

fn feed(base: &Base, sql: Stdio) -> Result<()> {
    let done = Command::new("mariadb")
        .args(["--protocol=tcp", "--host=127.0.0.1", "--user=root"])
        .arg(format!("--port={}", base.port()?))
        .arg(base.name())
        .stdin(sql)
        .status()
        .context("the program mariadb")?;
    ensure!(done.success(), "the peer's SQL was refused");
    Ok(())
}

/// Takes away what runs have booked since the fill.
///
/// # Errors
/// The database refused.
pub async fn forget_runs(base: &Base, rows: u64) -> Result<()> {
    for table in ["appointments", "orders"] {
        base.execute(&format!("DELETE FROM {table} WHERE id > {rows}"))
            .await?;
    }
    Ok(())
}
