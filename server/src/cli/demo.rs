//! `seed-demo`: one city, two stations, four members of staff, the demo price book, slots, and a day of appointments.
//! Everything is made through the product's own code paths and only where it is missing.

use super::{accounts, demo_visits};
use crate::{
    admin::depots,
    app::App,
    problem::Problem,
    staff::pairing,
    store::{migrations, pairing as codes, price_books, staff, stations},
    write_tx,
};
use anyhow::{Context, bail};
use clap::Args;
use huishou_domain::{ids::StationId, price_book, staff::Station};
use serde_json::{Value, json};
use uuid::Uuid;

/// Options of `seed-demo`.
#[derive(Args)]
pub(super) struct Options {
    /// Prints JSON only.
    #[arg(long)]
    json: bool,
}

/// The demo accounts' password. Demo data is for trying out; a real installation never has it.
const PASSWORD: &str = "huishou-demo";
/// Pairing codes made at each run.
const CODES: usize = 6;

struct Depot {
    code: &'static str,
    name: &'static str,
    address: &'static str,
    divisions: &'static [&'static str],
}

/// The first serves all of Hangzhou but the districts of the second: the longest prefix wins.
const DEPOTS: [Depot; 2] = [
    Depot {
        code: "chengxi",
        name: "城西站",
        address: "杭州市西湖区文三路 388 号",
        divisions: &["3301"],
    },
    Depot {
        code: "chengdong",
        name: "城东站",
        address: "杭州市上城区秋涛北路 76 号",
        divisions: &["330102", "330104", "330108", "330109", "330114"],
    },
];

/// User name, name, role, station.
const PEOPLE: [(&str, &str, &str, Option<&str>); 4] = [
    ("admin", "管理员", "admin", None),
    ("station1", "站点小陈", "station", Some("chengxi")),
    ("zhang", "张师傅", "collector", Some("chengxi")),
    ("li", "李师傅", "collector", Some("chengxi")),
];

/// Seeds.
///
/// # Errors
/// The schema is behind, or the database refused.
pub(super) async fn run(app: &App, options: &Options) -> anyhow::Result<()> {
    if migrations::pending(&app.db)
        .await
        .context("the database does not answer")?
        > 0
    {
        bail!("the schema is behind: run `huishou-server migrate` first");
    }
    app.db.ensure_months_ahead(app.now()).await?;
    publish_book(app).await?;
    let mut depots = Vec::new();
    for depot in &DEPOTS {
        depots.push(ensure_depot(app, depot).await?);
    }
    for (username, name, role, station) in PEOPLE {
        if staff::find_by_username(&mut *app.db.read().await?, username)
            .await?
            .is_none()
        {
            accounts::add(app, username, name, role, station, PASSWORD.to_owned()).await?;
        }
    }
    let made = demo_visits::ensure(app, &depots).await?;
    let codes = pairing_codes(app).await?;
    print(options, &codes, made);
    Ok(())
}

async fn publish_book(app: &App) -> anyhow::Result<()> {
    let (book, now) = (price_book::demo(), app.now());
    let newest = price_books::newest(&mut *app.db.read().await?, &book.city).await?;
    if newest.version > 0 {
        return Ok(());
    }
    book.verify().context("the demo price book")?;
    let done: Result<(), Problem> =
        write_tx!(&app.db, |tx| Ok(price_books::insert(tx, &book, now).await?));
    app.books.forget();
    done.map_err(words)
}

async fn ensure_depot(app: &App, depot: &Depot) -> anyhow::Result<Station> {
    if let Some(known) = stations::by_code(&mut *app.db.read().await?, depot.code).await? {
        return Ok(known);
    }
    let station = Station {
        id: StationId(Uuid::now_v7()),
        version: 1,
        code: depot.code.to_owned(),
        name: depot.name.to_owned(),
        city: price_book::demo().city,
        address: depot.address.to_owned(),
        divisions: depot.divisions.iter().map(|d| (*d).to_owned()).collect(),
    };
    let now = app.now();
    let done: Result<(), Problem> = write_tx!(&app.db, |tx| {
        stations::insert(tx, &station, &[], now).await?;
        Ok(depots::make_week(tx, station.id, &depots::usual_day()).await?)
    });
    done.map_err(words)?;
    Ok(station)
}

async fn pairing_codes(app: &App) -> anyhow::Result<Vec<String>> {
    let (now, mut made) = (app.now(), Vec::new());
    for _ in 0..CODES {
        let code = pairing::new_code();
        let hash = pairing::hash(&app.desk.pairing_key, &code);
        codes::insert(
            &mut *app.db.read().await?,
            hash,
            None,
            None,
            (now, now + pairing::DEMO_LIFETIME),
        )
        .await?;
        made.push(code);
    }
    Ok(made)
}

pub(super) fn words(problem: Problem) -> anyhow::Error {
    let detail = problem
        .cause
        .map(|cause| cause.to_string())
        .or(problem.note.map(String::from))
        .unwrap_or_default();
    let fields: Vec<String> = problem
        .errors
        .iter()
        .map(|e| format!("{} {}", e.field, e.code))
        .collect();
    anyhow::anyhow!("{} {detail} {}", problem.code, fields.join(", "))
}

/// Words for people, and a last line of JSON for programs.
fn print(options: &Options, codes: &[String], made: usize) {
    let accounts: Vec<Value> =
        PEOPLE.iter().map(|(username, name, role, station)| json!({"username": username, "name": name, "role": role, "station": station, "password": PASSWORD})).collect();
    if !options.json {
        println!("{made} appointments made");
        for (username, name, role, station) in PEOPLE {
            println!(
                "{username:<10} {PASSWORD}   {name}, {role}{}",
                station.map(|s| format!(" at {s}")).unwrap_or_default()
            );
        }
        println!(
            "pairing codes, one for each new device: {}",
            codes.join(" ")
        );
    }
    println!(
        "{}",
        json!({"accounts": accounts, "password": PASSWORD, "pairing_codes": codes, "appointments_made": made})
    );
}
