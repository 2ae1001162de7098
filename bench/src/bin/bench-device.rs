//! The product's own engine as a client of the benchmark: a store with SQLCipher on and `synchronous=FULL`, told what
//! to do by a line of JSON. `bench-device FOLDER`; each answer has `ms`, the command's own time by this process's clock.

// Milliseconds are measurements, not money.
#![allow(clippy::float_arithmetic)]

use anyhow::{Context, Result, bail};
use huishou_client::{
    engine::{Config, Engine, Round},
    secrets::KeySource,
    store::{Store, StoreKey, base},
    view::{session::Registration, visit::AppointmentFilter},
};
use huishou_domain::sync::scope::Kind;
use serde_json::{Value, json};
use std::{io::BufRead, io::Write, path::PathBuf, time::Instant};

/// Key of a store that lives as long as a benchmark.
const KEY: [u8; 32] = [0x5a; 32];

struct Device {
    folder: PathBuf,
    open: Option<(Engine, Store)>,
}

fn main() -> Result<()> {
    let folder = std::env::args_os().nth(1).context("bench-device FOLDER")?;
    // As the app keeps contact: on one thread of its own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut device = Device {
        folder: folder.into(),
        open: None,
    };
    for line in std::io::stdin().lock().lines() {
        let command: Value = serde_json::from_str(&line?)?;
        let began = Instant::now();
        let done = runtime.block_on(device.run(&command));
        let ms = began.elapsed().as_secs_f64() * 1_000.0;
        let answer = match done {
            Ok(mut answer) => {
                answer["ms"] = json!(ms);
                answer
            }
            Err(error) => json!({"error": format!("{}: {error:#}", command["op"])}),
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

impl Device {
    async fn run(&mut self, command: &Value) -> Result<Value> {
        match text(command, "op")? {
            "open" => self.open(command),
            "register" => self.register(command).await,
            "close" => {
                self.open = None;
                Ok(json!({}))
            }
            "pull" => self.contact(Round::Pull).await,
            "push" => self.contact(Round::Push).await,
            "sync" => self.contact(Round::Both).await,
            "check" => self.contact(Round::Check).await,
            "edit" => self.edit(&strings(command, "ids")?, text(command, "command")?),
            "held" => self.held(),
            "converge" => self.converge(command).await,
            "dump" => self.dump(text(command, "path")?),
            "list" => self.list(),
            "rss" => Ok(json!({"bytes": resident()?})),
            other => bail!("no such command: {other}"),
        }
    }

    fn open(&mut self, command: &Value) -> Result<Value> {
        let data = self.folder.join(text(command, "name")?);
        let hex: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
        let engine = Engine::open(Config {
            server: Some(text(command, "server")?.to_owned()),
            key: KeySource::Given(hex),
            ..Config::new(data.clone())
        })?;
        // Counts what is held beside the engine, as another program on the same store.
        let look = Store::open(&data.join("huishou.db"), &StoreKey::new(KEY))?;
        self.open = Some((engine, look));
        Ok(json!({}))
    }

    fn engine(&self) -> Result<&Engine> {
        Ok(&self.open.as_ref().context("not open")?.0)
    }

    async fn register(&self, command: &Value) -> Result<Value> {
        let registration = Registration {
            server: text(command, "server")?.to_owned(),
            pairing_code: text(command, "pairing")?.to_owned(),
            device_name: "bench".to_owned(),
            username: text(command, "username")?.to_owned(),
            password: text(command, "password")?.to_owned(),
        };
        let state = self.engine()?.register(registration).await?;
        Ok(json!({"staff": state.person.map(|person| person.id)}))
    }

    async fn contact(&self, round: Round) -> Result<Value> {
        let (pushed, applied) = self.engine()?.contact(round).await?;
        if !applied.mismatched.is_empty() || !applied.repaired.is_empty() {
            bail!("the copy differed from the server's");
        }
        let answer =
            json!({"sent": pushed.sent, "requests": pushed.requests, "verdicts": pushed.verdicts});
        Ok(
            json!({"push": answer, "documents": applied.puts, "pages": applied.pages, "checked": applied.checked}),
        )
    }

    /// Offline edits, one transaction each, as a person makes them.
    fn edit(&self, ids: &[String], command: &str) -> Result<Value> {
        let mut took = Vec::new();
        for id in ids {
            let began = Instant::now();
            self.engine()?
                .execute(command, json!({"appointment_id": id}))?;
            took.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        Ok(json!({"took": took}))
    }

    /// Ids of appointments held, with their versions.
    fn held(&self) -> Result<Value> {
        let (engine, look) = self.open.as_ref().context("not open")?;
        let rows = base::versions(look.db(), Kind::Appointment)?;
        Ok(json!({"rows": rows, "pending": engine.pending()?.len()}))
    }

    async fn converge(&self, command: &Value) -> Result<Value> {
        let edits = strings(command, "edits")?;
        let number = |key: &str| {
            command[key]
                .as_u64()
                .and_then(|n| usize::try_from(n).ok())
                .with_context(|| key.to_owned())
        };
        let (burst, expect, rounds) = (number("burst")?, number("expect")?, number("rounds")?);
        let mut bursts = edits.chunks(burst);
        for round in 1..=rounds {
            let some = bursts.next();
            if let Some(some) = some {
                self.edit(some, text(command, "command")?)?;
            }
            self.contact(Round::Both).await?;
            let (_, look) = self.open.as_ref().context("not open")?;
            let rows = base::versions(look.db(), Kind::Appointment)?;
            if some.is_none() && rows.iter().filter(|(_, version)| *version > 1).count() >= expect {
                return Ok(json!({"rounds": round}));
            }
        }
        bail!("never equal")
    }

    /// The server's last word on all appointments and orders, a line each, as the peer is to hold them.
    fn dump(&self, path: &str) -> Result<Value> {
        let (_, look) = self.open.as_ref().context("not open")?;
        let mut out = std::io::BufWriter::new(std::fs::File::create(path)?);
        let mut count = 0_u64;
        let mut bytes = 0;
        for kind in [Kind::Appointment, Kind::Order] {
            for mut body in base::all::<Value>(look.db(), kind)? {
                bytes += body.to_string().len();
                body["_id"] = json!(format!("{}:{}", kind.as_str(), text(&body, "id")?));
                writeln!(out, "{body}")?;
                count += 1;
            }
        }
        out.flush()?;
        Ok(json!({"documents": count, "bytes": bytes}))
    }

    /// What the list screen asks.
    fn list(&self) -> Result<Value> {
        let rows = self.engine()?.appointments(&AppointmentFilter::default())?;
        Ok(json!({"rows": rows.len()}))
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key].as_str().with_context(|| format!("no {key}"))
}

fn strings(value: &Value, key: &str) -> Result<Vec<String>> {
    let list = value[key].as_array().with_context(|| format!("no {key}"))?;
    let text = |item: &Value| item.as_str().map(str::to_owned).context("a text");
    list.iter().map(text).collect()
}

/// Resident memory of this process, bytes.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .context("VmRSS")?;
    let kib: u64 = line
        .split_whitespace()
        .nth(1)
        .context("a number")?
        .parse()?;
    Ok(kib * 1024)
}
