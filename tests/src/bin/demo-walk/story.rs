//! The main job, step by step.

use anyhow::{Result, ensure};
use blackbox::Api;
use serde_json::{Value, json};

use crate::books::{self, Books};
use crate::settings::Settings;
use crate::{collector, customer};

/// Walks through all of it.
pub async fn walk(settings: Settings) -> Result<()> {
    let mut told = Told::default();
    let server = Api::new(&settings.server);
    let books = Books::open(&settings.database).await?;

    let gu = customer::log_in_and_book(
        &mut told,
        &server,
        "顾女士",
        &customer::three_goods(),
        "200.00",
    )
    .await?;
    let shen = customer::log_in_and_book(
        &mut told,
        &server,
        "沈先生",
        &customer::cardboard(),
        "33.00",
    )
    .await?;
    customer::assign(&mut told, &server, &settings, &[&gu, &shen]).await?;

    let app = collector::open(&mut told, &settings).await?;
    collector::arrived(&mut told, &app, &gu, &shen).await;
    collector::offline(&mut told, &app).await;
    collector::serve(&mut told, &app, &gu).await;
    let ticket = collector::counter(&mut told, &app).await?;
    customer::cancel(&mut told, &shen).await?;
    collector::back_online(&mut told, &app).await;

    books::in_the_books(&mut told, &books, &gu, &shen, ticket).await?;
    collector::on_the_device(&mut told, &app, &shen).await?;
    customer::at_the_customer(&mut told, &gu).await?;
    collector::tablet(&app, &gu).await;
    app.close().await;
    Ok(())
}

/// Says the steps, numbered.
#[derive(Default)]
pub struct Told(u32);

impl Told {
    /// Says one step.
    pub fn say(&mut self, step: &str) {
        self.0 += 1;
        println!("{:>2}. {step}", self.0);
    }
}

/// Fails unless an amount is what it has to be.
pub fn same(what: &str, found: &Value, expected: &str) -> Result<()> {
    ensure!(
        *found == json!(expected),
        "{what} is {found}, expected {expected}"
    );
    Ok(())
}

/// A text of an answer as it stands, without quotes.
pub fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
