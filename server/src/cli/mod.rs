//! The command line: `serve`, `migrate`, `seed-demo`, `staff add`, `epoch rotate`, `months …`, `config check`, `price`.

mod accounts;
mod demo;
mod demo_plans;
mod demo_visits;
mod months;
mod price;
mod serve;

use crate::{
    app::{App, State},
    config::Config,
    store::{health, migrations},
    sync::{epochs, ports::Ledger},
};
use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// The sync server of Huishou (回收).
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// A file of settings over the defaults; the environment (HUISHOU_…) goes over both.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves until SIGTERM or Ctrl-C; prints `listening on http://…` when ready.
    Serve,
    /// Brings the database's schema up to date; may be run again at any time.
    Migrate,
    /// Makes a demo city with stations, staff, prices and a day of appointments; may be run again at any time.
    SeedDemo(demo::Options),
    /// Members of staff.
    Staff {
        #[command(subcommand)]
        command: StaffCommand,
    },
    /// The history of changes that devices follow.
    Epoch {
        #[command(subcommand)]
        command: EpochCommand,
    },
    /// Settings.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// The monthly tables of visits.
    Months {
        #[command(subcommand)]
        command: months::Command,
    },
    /// Prices goods: one `{"book": {"rules": […]}, "items": […]}` a line on standard input, one answer a line.
    Price,
}

#[derive(Subcommand)]
enum StaffCommand {
    /// Adds a member of staff.
    Add(AddStaff),
}

#[derive(Subcommand)]
enum EpochCommand {
    /// Begins another one, after the database was restored from a backup: every device reads its scopes anew and tells
    /// again what the backup does not know.
    Rotate,
}

#[derive(Args)]
struct AddStaff {
    /// Sign-in name.
    username: String,
    /// `collector`, `station`, `dispatcher` or `admin`.
    #[arg(long)]
    role: String,
    /// Short code of the home station; collectors and station staff need one.
    #[arg(long)]
    station: Option<String>,
    /// Name shown to people; the sign-in name where it is left out.
    #[arg(long)]
    name: Option<String>,
    /// Reads the password from standard input: the only way to give one, so that it stays out of shell histories.
    #[arg(long, required = true)]
    password_stdin: bool,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Says what is wrong with the settings, or nothing.
    Check,
}

/// Runs the command line; exit status 0 only on success.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(4 << 20)
        .build();
    let outcome = runtime
        .context("cannot start")
        .and_then(|runtime| runtime.block_on(Box::pin(run(cli))));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("huishou-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    if matches!(cli.command, Command::Price) {
        return price::run(std::io::stdin().lock(), std::io::stdout().lock())
            .context("cannot read or write");
    }
    let config = Config::load(cli.config.as_deref())?;
    match cli.command {
        Command::Serve => serve::run(config).await,
        Command::Migrate => {
            let app = set_up(config)?;
            health::binlog(&app.db).await.context("cannot migrate")?;
            let steps = migrations::migrate(&app.db)
                .await
                .context("cannot migrate")?;
            println!("{steps} steps run; the schema is up to date");
            Ok(())
        }
        Command::SeedDemo(options) => demo::run(&set_up(config)?, &options).await,
        Command::Staff {
            command: StaffCommand::Add(new),
        } => add_staff(&set_up(config)?, new).await,
        Command::Epoch {
            command: EpochCommand::Rotate,
        } => rotate_epoch(&set_up(config)?).await,
        Command::Months { command } => months::run(&set_up(config)?, command).await,
        Command::Config {
            command: ConfigCommand::Check,
        } => {
            println!("the settings are fine");
            Ok(())
        }
        Command::Price => Ok(()),
    }
}

fn set_up(config: Config) -> anyhow::Result<App> {
    State::new(config).context("cannot set up")
}

async fn rotate_epoch(app: &App) -> anyhow::Result<()> {
    let old = app.db.epoch().await.context("cannot read the epoch")?;
    let new = epochs::rotate(&app.db, old)
        .await
        .context("cannot begin another epoch")?;
    println!("{new}");
    Ok(())
}

async fn add_staff(app: &App, new: AddStaff) -> anyhow::Result<()> {
    let mut password = String::new();
    std::io::stdin()
        .read_line(&mut password)
        .context("cannot read the password")?;
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    let name = new.name.unwrap_or_else(|| new.username.clone());
    let id = accounts::add(
        app,
        &new.username,
        &name,
        &new.role,
        new.station.as_deref(),
        password,
    )
    .await?;
    println!("{id}");
    Ok(())
}
