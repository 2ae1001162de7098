//! The app's engine without a window, for scripts, support and tests. JSON on standard output; exit status 0 only on
//! success, 1 with `{"error": {"code", "field", "errors"}}` otherwise (`code` and `field` stand outside it too).
//! `verify-store` answers 2 when something is wrong, and 3 when it still is after the repairs.

#[path = "huishou-device/checked.rs"]
mod checked;

use clap::{
    Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};
use huishou_client::{
    engine::{Config, Engine, Round, bring_back, recover, set_aside, ways_back},
    error::{Error, Result},
    view::session::{AppError, Credentials, Registration},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{io::BufRead, path::PathBuf, process::ExitCode};

/// The app's engine without a window.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// Folder of the store; made when absent.
    #[arg(long)]
    data: PathBuf,
    /// Server address, as http://127.0.0.1:8080; the stored one when absent.
    #[arg(long)]
    server: Option<String>,
    /// Work on the practice store, which is never pushed.
    #[arg(long)]
    practice: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Sign in; the password is read from standard input. With a pairing code the device is registered first.
    Login {
        /// Pairing code from an administrator.
        #[arg(long)]
        pairing: Option<String>,
        /// Sign-in name.
        #[arg(long)]
        username: String,
        /// A name people recognise the device by.
        #[arg(long, default_value = "huishou-device")]
        name: String,
    },
    /// Sign out; what is pending stays.
    Logout,
    /// How the device is being used.
    Session,
    /// Send what is pending.
    Push,
    /// Fetch what changed.
    Pull,
    /// Push, then pull.
    Sync,
    /// Push, pull, and compare every scope with the server's sums.
    Check,
    /// How sync stands.
    Status,
    /// All bodies of a kind: appointment, order, ticket, `price_book`, staff, station.
    List {
        /// Kind.
        kind: String,
    },
    /// One body of a kind.
    Show {
        /// Kind.
        kind: String,
        /// Id.
        id: String,
    },
    /// Do a command of the trade here and now; what is not given is filled in.
    Exec {
        /// `order.weigh` and the like.
        name: String,
        /// Arguments.
        json: String,
    },
    /// Price goods with the local book: `{"items": […], "appointment_id"?}`.
    Quote {
        /// Request.
        json: String,
    },
    /// Commands without a verdict.
    Pending,
    /// Every command, as the sync centre shows them.
    Mutations,
    /// Verdicts.
    Journal,
    /// Close a refused command.
    Discard {
        /// Its uid.
        uid: String,
    },
    /// Do a refused command again with other arguments.
    Resend {
        /// Its uid.
        uid: String,
        /// Arguments.
        json: String,
    },
    /// Check the store against itself. Exit status 0: sound; 1: cannot be checked; 2: something is wrong; 3: something
    /// still is after the repairs.
    VerifyStore {
        /// Which repair to look at, or every one that is on offer: marks, refetch, rebuild, salvage. Says what it does and
        /// what would be lost; nothing is done without `--yes`.
        #[arg(long, num_args = 0..=1, default_missing_value = "all", value_name = "NAME")]
        repair: Option<String>,
        /// Do it.
        #[arg(long, requires = "repair")]
        yes: bool,
    },
    /// Get the store's key back from the server after the keyring was reset; then sign in again.
    Recover {
        /// Pairing code from an administrator.
        #[arg(long)]
        pairing: String,
    },
    /// Set a store aside whose key is gone for good: the next command begins with a new one. Nothing is deleted.
    SetAside,
    /// Bring a store back that was set aside, or say which there are.
    BringBack {
        /// Its name.
        name: Option<String>,
    },
    /// Pictures: signatures and photos.
    Blob {
        #[command(subcommand)]
        what: Blob,
    },
    /// Write the support bundle.
    Diagnostics,
}

#[derive(Subcommand)]
enum Blob {
    /// Keep a picture (JPEG, PNG or WebP, at most 10 MiB) and answer its name; it is brought up with the next sync.
    Put {
        /// The picture.
        file: PathBuf,
    },
    /// Write a picture's bytes: from here, or else from the server.
    Get {
        /// Its name: the SHA-256 of its bytes.
        hash: String,
        /// A file to write to; standard output when absent.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            print!("{error}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprint!("{error}");
            return failed(misused(&error));
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(error.into()),
    };
    if let Command::VerifyStore { repair, yes } = &arguments.command {
        return checked::run(
            &config(&arguments),
            arguments.practice,
            repair.as_deref(),
            *yes,
        );
    }
    if let Command::Blob {
        what: Blob::Get { hash, out: None },
    } = &arguments.command
    {
        return match runtime.block_on(picture(&arguments, hash)) {
            Ok(bytes) => print_bytes(&bytes),
            Err(error) => failed(error),
        };
    }
    match runtime.block_on(run(arguments)) {
        Ok(answer) => print_line(&answer),
        Err(error) => failed(error),
    }
}

/// A command line that cannot be read, with the argument at fault where one is.
fn misused(error: &clap::Error) -> Error {
    let named = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(one)) => Some(one),
        Some(ContextValue::Strings(several)) => several.first(),
        _ => None,
    };
    let word = named.and_then(|named| named.split_whitespace().next());
    let bare = word.map(|word| word.trim_matches(['<', '>', '-', '\'']).to_lowercase());
    bare.map_or_else(
        || Error::code("usage"),
        |field| Error::field("usage", field),
    )
}

fn failed(error: Error) -> ExitCode {
    if !matches!(error, Error::Refused(_)) {
        eprintln!("{error}");
    }
    let error = AppError::from(error);
    print_line(&json!({ "code": error.code, "field": error.field, "error": error }));
    ExitCode::FAILURE
}

fn print_line(answer: &Value) -> ExitCode {
    use std::io::Write;
    // A reader that went away is not this program's failure to report.
    match writeln!(std::io::stdout(), "{answer}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn config(arguments: &Arguments) -> Config {
    Config {
        server: arguments.server.clone(),
        ..Config::new(arguments.data.clone())
    }
}

fn print_bytes(bytes: &[u8]) -> ExitCode {
    use std::io::Write;
    match std::io::stdout().write_all(bytes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn open(arguments: &Arguments) -> Result<Engine> {
    let engine = Engine::open(config(arguments))?;
    if arguments.practice {
        engine.practice_enter()?;
    }
    Ok(engine)
}

async fn picture(arguments: &Arguments, name: &str) -> Result<Vec<u8>> {
    open(arguments)?.get_blob(name).await
}

async fn run(arguments: Arguments) -> Result<Value> {
    if let Command::Recover { pairing } = &arguments.command {
        recover(&config(&arguments), pairing).await?;
        return Ok(json!({ "recovered": true }));
    }
    match &arguments.command {
        Command::SetAside => return value(set_aside(&config(&arguments))?),
        Command::BringBack { name } => return brought_back(&config(&arguments), name.as_deref()),
        _ => {}
    }
    let engine = open(&arguments)?;
    match arguments.command {
        Command::Login {
            pairing,
            username,
            name,
        } => login(&engine, arguments.server, pairing, username, name).await,
        Command::Logout => value(engine.sign_out().await?),
        Command::Push => contact(&engine, Round::Push).await,
        Command::Pull => contact(&engine, Round::Pull).await,
        Command::Sync => contact(&engine, Round::Both).await,
        Command::Check => contact(&engine, Round::Check).await,
        Command::Blob {
            what: Blob::Get {
                hash,
                out: Some(path),
            },
        } => {
            let bytes = engine.get_blob(&hash).await?;
            std::fs::write(&path, &bytes)?;
            Ok(json!({ "sha256": hash, "size": bytes.len(), "path": path }))
        }
        command => local(&engine, command),
    }
}

fn local(engine: &Engine, command: Command) -> Result<Value> {
    match command {
        Command::Session => value(engine.session_state()?),
        Command::Status => value(engine.sync_status()?),
        Command::List { kind } => value(engine.list(&kind)?),
        Command::Show { kind, id } => engine.show(&kind, &id),
        Command::Exec { name, json } => value(engine.execute(&name, parse(&json)?)?),
        Command::Quote { json } => value(engine.preview_stated(&parse(&json)?)?),
        Command::Pending => value(engine.pending()?),
        Command::Mutations => value(engine.mutations()?),
        Command::Journal => value(engine.journal()?),
        Command::Discard { uid } => {
            engine.mutation_discard(uid.parse().map_err(|_| Error::not_found("uid"))?)?;
            Ok(json!({ "discarded": uid }))
        }
        Command::Resend { uid, json } => {
            let uid = uid.parse().map_err(|_| Error::not_found("uid"))?;
            value(engine.mutation_resend(uid, parse(&json)?)?)
        }
        Command::Diagnostics => Ok(json!({ "path": engine.diagnostics()? })),
        Command::Blob {
            what: Blob::Put { file },
        } => {
            let bytes = std::fs::read(&file)?;
            Ok(json!({ "sha256": engine.put_blob(&bytes)?, "size": bytes.len() }))
        }
        Command::Blob { .. }
        | Command::Login { .. }
        | Command::Logout
        | Command::Push
        | Command::Pull
        | Command::Sync
        | Command::VerifyStore { .. }
        | Command::Recover { .. }
        | Command::SetAside
        | Command::BringBack { .. }
        | Command::Check => Err(Error::code("usage")),
    }
}

fn brought_back(config: &Config, name: Option<&str>) -> Result<Value> {
    let Some(name) = name else {
        return value(ways_back(config).aside);
    };
    let is_blank = match Engine::open(config.clone()) {
        Ok(engine) => {
            engine.may_make_way()?;
            engine.is_blank()?
        }
        Err(_) => false,
    };
    bring_back(config, name, is_blank)?;
    Ok(json!({ "brought_back": name }))
}

async fn login(
    engine: &Engine,
    server: Option<String>,
    pairing: Option<String>,
    username: String,
    device_name: String,
) -> Result<Value> {
    let mut password = String::new();
    std::io::stdin().lock().read_line(&mut password)?;
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    let state = match pairing {
        Some(pairing_code) => {
            let server = server.ok_or_else(|| Error::field("required", "server"))?;
            engine
                .register(Registration {
                    server,
                    pairing_code,
                    device_name,
                    username,
                    password,
                })
                .await?
        }
        None => engine.sign_in(Credentials { username, password }).await?,
    };
    value(state)
}

async fn contact(engine: &Engine, round: Round) -> Result<Value> {
    let (pushed, applied) = engine.contact(round).await?;
    if !applied.mismatched.is_empty() {
        return Err(Error::field("check_mismatch", applied.mismatched.join(" ")));
    }
    Ok(match round {
        Round::Push => json!({ "push": pushed, "status": engine.sync_status()? }),
        Round::Pull => json!({ "pull": applied, "status": engine.sync_status()? }),
        Round::Both | Round::Check => {
            json!({ "push": pushed, "pull": applied, "status": engine.sync_status()? })
        }
    })
}

fn parse(json: &str) -> Result<Value> {
    serde_json::from_str(json).map_err(|_| Error::field("invalid_arguments", "json"))
}

fn value(answer: impl Serialize) -> Result<Value> {
    Ok(serde_json::to_value(answer)?)
}
