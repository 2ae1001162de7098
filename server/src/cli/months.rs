//! `months`: the monthly tables of visits — listed, archived to a file, taken out of the database, brought back.

use crate::{app::App, store::archive};
use anyhow::{Context, bail};
use clap::Subcommand;
use std::path::PathBuf;

/// What is to be done with months.
#[derive(Subcommand)]
pub enum Command {
    /// Says which months there are, how many orders they hold, and which are in the archive.
    List,
    /// Writes everything of a month's visits to a file.
    Archive {
        /// As 202611 or 2026-11.
        month: String,
        /// The file; one that is there already is not written over, unless it is an archive of the same month.
        #[arg(long)]
        to: PathBuf,
    },
    /// Takes an archived month out of the database: one that is settled and more than two years old, and whose file is whole.
    Drop {
        /// As 202611 or 2026-11.
        month: String,
        /// Why it is to go although it is not two years old; kept in the database and in the log.
        #[arg(long, value_name = "REASON")]
        force: Option<String>,
        /// Where its archive lies now, if it was moved.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Brings a month back from its file.
    Restore {
        /// The file.
        file: PathBuf,
    },
}

/// Does it.
///
/// # Errors
/// Why it was not done, in words.
pub async fn run(app: &App, command: Command) -> anyhow::Result<()> {
    match command {
        Command::List => list(app).await,
        Command::Archive { month, to } => {
            let month = number(&month)?;
            let rows = archive::write(&app.db, month, &to, app.now())
                .await
                .with_context(|| format!("{month} was not archived"))?;
            println!("{month}: {rows} rows in {}", to.display());
            Ok(())
        }
        Command::Drop { month, force, file } => {
            let month = number(&month)?;
            if let Some(reason) = &force {
                if reason.trim().is_empty() {
                    bail!("--force needs a reason");
                }
                tracing::warn!(month, reason, "a month is dropped before its time");
                eprintln!("{month} is dropped before its time: {reason}");
            }
            let how = archive::How {
                reason: force.as_deref(),
                file: file.as_deref(),
            };
            let orders = archive::drop_month(&app.db, month, how, app.now())
                .await
                .with_context(|| format!("{month} was not dropped"))?;
            println!("{month}: {orders} orders taken out");
            Ok(())
        }
        Command::Restore { file } => {
            let (month, rows) = archive::restore(&app.db, &file, app.now())
                .await
                .context("nothing is restored, or not all")?;
            println!("{month}: {rows} rows are back");
            Ok(())
        }
    }
}

async fn list(app: &App) -> anyhow::Result<()> {
    let all = archive::list(&app.db).await.context("cannot read")?;
    for month in all {
        let file = month.file.unwrap_or_default();
        println!("{}\t{}\t{}\t{file}", month.month, month.state, month.orders);
    }
    Ok(())
}

/// `202611`.
fn number(text: &str) -> anyhow::Result<i32> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    match digits.parse::<i32>() {
        Ok(month) if digits.len() == 6 && (1..=12).contains(&(month % 100)) => Ok(month),
        _ => bail!("{text} is no month; as 202611 or 2026-11"),
    }
}
