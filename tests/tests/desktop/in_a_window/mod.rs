//! One test at a time: they share a screen, a session bus and a keyring.

mod booking;
mod day;
mod lists;
mod practice;
mod shell;
mod trouble;

use blackbox::Town;
use blackbox::window::{App, Start, Weighed};

/// Opens an app, registers it as this person's, and waits for its first sync.
async fn registered(start: Start, town: &Town, device: &str, person: &str) -> App {
    let app = start.open().await;
    app.resize(1280, 800).await;
    let (server, code) = (town.world.server.url(), town.pairing_code().await);
    app.register(server, &code, device, person, town.password())
        .await;
    app.chip("synced").await;
    app
}

/// Cardboard as the scale sees it: 49.664 kg at ¥1.10.
const CARDBOARD: Weighed = Weighed {
    gross: "52.4",
    tare: "1.2",
    moisture: "3",
    reason: "weight",
    answers: &[],
};
/// Iron: 21 kg at ¥1.80.
const IRON: Weighed = Weighed {
    gross: "21.5",
    tare: "0.5",
    moisture: "",
    reason: "",
    answers: &[],
};
