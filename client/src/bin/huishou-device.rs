//! The app's engine without a window, for scripts, support and tests. JSON on standard output; exit status 0 only on
//! success, 1 with `{"error": {"code", "field", "errors"}}` otherwise (`code` and `field` stand outside it too).
//! `verify-store` answers 2 when something is wrong, and 3 when it still is after the repairs.

#[path = "huishou-device/arguments.rs"]
mod arguments;
#[path = "huishou-device/checked.rs"]
mod checked;

use arguments::{Arguments, Blob, Command};
use clap::{
    Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};
use huishou_client::{
    engine::{Config, Engine, Round, bring_back, recover, set_aside, ways_back},
    error::{Error, Result},
    view::session::{AppError, Credentials, Registration},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{io::BufRead, process::ExitCode};

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
