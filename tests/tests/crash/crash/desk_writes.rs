//! The writes of administrators and staff that [`super::at_writes`] strikes: what they ask, and how their effect counts.

use blackbox::customer::text;
use blackbox::goods::{CITY, at};
use blackbox::{Answer, Desk};
use chrono::{Days, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::at_writes::{Ready, Scene, Write};

impl Scene {
    /// The `n`th request.
    pub async fn at_the_desk(&mut self, write: Write, n: usize) -> Ready {
        let admin = self.dispatch.desk.api().clone();
        let posted = |path: &str, body| Ready::new(admin.clone(), path, body);
        let (mut ready, counted) = match write {
            Write::Publish => {
                let rules = self.town.price_book().await["rules"].clone();
                let from = at(20 + u64::try_from(n).unwrap(), 0);
                let body = json!({"city": CITY, "effective_from": from, "rules": rules});
                let counted = "SELECT COUNT(*) FROM price_books".to_owned();
                (posted("/admin/v1/price-books", body), counted)
            }
            Write::AddStaff => {
                let station = self.town.desk_station().await;
                let body = json!({"username": format!("new{n}"), "name": "新来的", "role": "collector", "station_id": station, "password": "a good password"});
                let counted = "SELECT COUNT(*) FROM staff".to_owned();
                (posted("/admin/v1/staff", body), counted)
            }
            Write::ChangeStaff => {
                let path = format!("/admin/v1/staff/{}", self.zhang);
                let counted = "SELECT version FROM staff WHERE username = 'zhang'".to_owned();
                let body = json!({"name": format!("张师傅 {n}")});
                (posted(&path, body), counted)
            }
            Write::OpenStation => {
                let district = if n < 10 { "3302" } else { "3303" };
                let body = json!({"code": format!("new-{n}"), "name": "新站", "city": CITY, "divisions": [district]});
                let counted = "SELECT COUNT(*) FROM stations".to_owned();
                (posted("/admin/v1/stations", body), counted)
            }
            Write::SetPlaces => {
                let station = self.town.desk_station().await;
                let date = Utc::now().date_naive() + Days::new(40 + n as u64);
                let path = format!("/admin/v1/slots?station={station}&date={date}");
                let body = json!({"items": [{"start": "22:00", "end": "23:00", "capacity": 1}]});
                let counted = "SELECT COUNT(*) FROM slots WHERE start = '22:00'".to_owned();
                (posted(&path, body), counted)
            }
            Write::PairingCode => {
                let counted = "SELECT COUNT(*) FROM pairing_codes".to_owned();
                (posted("/admin/v1/pairing-codes", json!({})), counted)
            }
            Write::Password => self.password(n).await,
            Write::CloseReview => {
                let visit = self.customer.book(&at(8, 10)).await;
                let _ = self.weigh(&visit).await;
                let counted = "SELECT COUNT(*) FROM reviews WHERE closed = 1".to_owned();
                let path = format!("/admin/v1/reviews/{}/resolve", self.first("reviews").await);
                (posted(&path, json!({})), counted)
            }
            Write::CloseDispute => {
                self.dispute().await;
                let counted = "SELECT COUNT(*) FROM disputed_records WHERE resolved_at IS NOT NULL";
                let path = format!(
                    "/admin/v1/disputed/{}/resolve",
                    self.first("disputed").await
                );
                let body = json!({"resolution": "已电话核实"});
                (posted(&path, body), counted.to_owned())
            }
            _ => unreachable!("{write:?} is not of the desk"),
        };
        match write {
            Write::ChangeStaff => ready.method = Method::PATCH,
            Write::SetPlaces => ready.method = Method::PUT,
            _ => {}
        }
        let before = self.town.world.database.count(&counted).await;
        ready.counted = Some((counted, before));
        ready
    }

    /// Li's next password.
    async fn password(&mut self, n: usize) -> (Ready, String) {
        let new = format!("password no. {n}");
        let body = json!({"old": self.li.1, "new": new});
        self.li.1 = new;
        let sql = "SELECT password_hash FROM staff WHERE username = 'li'";
        let old = self.town.world.database.texts(sql).await.remove(0);
        let counted = format!(
            "SELECT COUNT(*) FROM staff WHERE username = 'li' AND password_hash <> '{old}'"
        );
        let api = self.li.0.api().clone();
        (Ready::new(api, "/staff/v1/password", body), counted)
    }

    /// A fact about an appointment that nobody knows.
    async fn dispute(&mut self) {
        self.mutations += 1;
        let args = json!({"appointment_id": Uuid::now_v7()});
        let desk = &self.dispatch.desk;
        let mutation = desk.mutation(self.mutations, "appointment.start@1", &args);
        let _ = desk.push(&[mutation]).await;
    }

    async fn first(&self, list: &str) -> String {
        let page = self.dispatch.desk.api();
        let page = page.get(&format!("/admin/v1/{list}")).await;
        let first = &page.expect(200)["items"][0]["id"];
        assert_ne!(*first, Value::Null, "an open one: {}", page.text);
        first.to_string().replace('"', "")
    }

    /// The effect is there once, and the answer is the first one's.
    pub async fn verify_desk(&self, write: Write, ready: &Ready, answer: &Answer, point: &str) {
        let _ = answer.expect(match write {
            Write::ChangeStaff | Write::SetPlaces => 200,
            Write::Password | Write::CloseReview | Write::CloseDispute => 204,
            _ => 201,
        });
        let (sql, before) = ready.counted.as_ref().expect("what to count");
        let after = self.town.world.database.count(sql).await;
        assert_eq!(after, before + 1, "{write:?} happened once, {point}");
        let server = self.town.api();
        match write {
            Write::PairingCode => {
                let code = text(&answer.body, "code");
                let _ = Desk::open(&server, code, "admin", self.town.password()).await;
            }
            Write::Password => {
                let code = self.town.pairing_code().await;
                let _ = Desk::open(&server, &code, "li", &self.li.1).await;
            }
            _ => {}
        }
    }
}
