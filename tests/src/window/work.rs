//! What people do with the app, as verbs on its page: sign in, weigh, quote, get the customer's yes, pay, write a
//! ticket. Test ids are read here and nowhere else.

use fantoccini::key::Key;

use super::Page;

/// One line on the scale: what is typed where.
#[derive(Clone, Debug, Default)]
pub struct Weighed {
    /// Gross kilograms, or pieces for goods sold by the piece.
    pub gross: &'static str,
    /// Tare in kilograms.
    pub tare: &'static str,
    /// 扣水 in percent.
    pub moisture: &'static str,
    /// Why the line differs from the estimate (`weight`, `missing_part`, …).
    pub reason: &'static str,
    /// Attributes answered by a click: field and value.
    pub answers: &'static [(&'static str, &'static str)],
}

impl Page {
    /// Registers this device with a pairing code and signs in; waits until Today is there.
    pub async fn register(
        &self,
        server: &str,
        pairing: &str,
        device: &str,
        username: &str,
        password: &str,
    ) {
        self.fill("server", server).await;
        self.fill("pairing-code", pairing).await;
        self.fill("device-name", device).await;
        self.sign_in(username, password).await;
    }

    /// Signs in on a registered device; waits until Today is there.
    pub async fn sign_in(&self, username: &str, password: &str) {
        self.fill("username", username).await;
        self.fill("password", password).await;
        self.click("sign-in").await;
        self.see("rail-today").await;
    }

    /// Begins practice from the sign-in screen.
    pub async fn practise(&self) {
        self.click("practice").await;
        self.see("practice-mark").await;
        self.see("rail-today").await;
    }

    /// Opens a screen of the rail: `today`, `counter`, `orders`, `prices`, `sync`, `settings`.
    pub async fn go(&self, screen: &str) {
        self.click(&format!("rail-{screen}")).await;
        let lit = format!(
            "return !!document.querySelector('[data-testid=\"rail-{screen}\"][aria-current=\"page\"]')"
        );
        self.until(&format!("{screen} is open"), &lit).await;
    }

    /// Opens an address of the app (`/appointments/…`).
    pub async fn open(&self, path: &str) {
        self.js(&format!("location.hash = '#{path}'")).await;
    }

    /// Fills in one line of the weighing and waits for its amount (`¥54.63`).
    pub async fn weigh_line(&self, at: usize, goods: &Weighed, amount: &str) {
        for (field, value) in goods.answers {
            self.click(&format!("line-{at}-attr-{field}-{value}")).await;
        }
        let weight = if goods.tare.is_empty()
            && goods.moisture.is_empty()
            && self.has(&format!("line-{at}-quantity")).await
        {
            "quantity"
        } else {
            "gross"
        };
        for (field, value) in [
            (weight, goods.gross),
            ("tare", goods.tare),
            ("moisture", goods.moisture),
        ] {
            if !value.is_empty() {
                self.fill(&format!("line-{at}-{field}"), value).await;
            }
        }
        self.see_text(&format!("line-{at}-amount"), amount).await;
    }

    /// Says why a line differs from its estimate; asked once every line is weighed.
    pub async fn give_reason(&self, at: usize, goods: &Weighed) {
        self.click(&format!("line-{at}-reason-{}", goods.reason))
            .await;
    }

    /// Shows the weighed quote to the customer.
    pub async fn show_quote(&self) {
        self.click("weigh-confirm").await;
        self.at_stage("accept").await;
    }

    /// The customer says yes with a tap.
    pub async fn accept(&self) {
        self.click("accept-yes").await;
        self.at_stage("pay").await;
    }

    /// The customer signs and says yes.
    pub async fn sign_and_accept(&self) {
        self.scribble("signature").await;
        self.see("signature-clear").await;
        self.accept().await;
    }

    /// Pays what is due in cash.
    pub async fn pay_cash(&self) {
        self.click("pay-confirm").await;
        self.at_stage("finish").await;
    }

    /// Ends the visit.
    pub async fn complete(&self) {
        self.click("complete").await;
        self.at_stage("done").await;
    }

    /// Waits for a stage of acceptance: `accept`, `pay`, `finish`, `done`, `cancelled`.
    pub async fn at_stage(&self, stage: &str) {
        let there = format!(
            "return document.querySelector('[data-testid=\"accept\"]')?.dataset.stage === '{stage}'"
        );
        self.until(&format!("acceptance is at {stage}"), &there)
            .await;
    }

    /// Shows all days on Today.
    pub async fn all_days(&self) {
        if !self.has("go-today").await {
            self.click("all-days").await;
        }
        self.see("go-today").await;
    }

    /// Looks for an appointment on Today that only one row matches; answers its text.
    pub async fn found_row(&self, query: &str) -> String {
        self.fill("search", query).await;
        let one = "return document.querySelectorAll('[data-testid=appointment-row]').length === 1";
        self.until(&format!("one row matches {query}"), one).await;
        self.text("appointment-row").await
    }

    /// Pushes and pulls now, from the sync centre; waits until all is confirmed.
    pub async fn sync_now(&self) {
        self.go("sync").await;
        self.click("sync-now").await;
        self.chip("synced").await;
    }

    /// Waits for a state of the sync chip: `synced`, `pending`, `offline`, `attention`, `practice`.
    pub async fn chip(&self, state: &str) {
        let there = format!(
            "return document.querySelector('[data-testid=\"sync-chip\"]')?.dataset.state === '{state}'"
        );
        self.until(&format!("the sync chip says {state}"), &there)
            .await;
    }

    /// Types goods into the line adder and takes the best match, by keyboard alone.
    pub async fn pick_goods(&self, code: &str) {
        self.keys(code).await;
        self.press(Key::Enter).await;
    }
}
