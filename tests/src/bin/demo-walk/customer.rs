//! The customers' part, over HTTP as the mini-program does it, and the dispatcher's.

use anyhow::{Context, Result, ensure};
use blackbox::goods::{CITY, DISTRICT, at};
use blackbox::{Api, Customer, Desk};
use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::settings::Settings;
use crate::story::{Told, plain, same};

/// What was booked, and by whom.
pub struct Booked {
    /// Who.
    pub customer: Customer,
    /// Their own in each walk, so that this walk's rows are found among those of earlier walks on the same data.
    pub phone: String,
    /// The appointment as it was answered.
    pub visit: Value,
}

pub fn three_goods() -> Value {
    json!([
        {"category": "paper/cardboard", "quantity": "40", "note": "旧纸箱"},
        {"category": "metal/iron", "quantity": "20"},
        {"category": "electronic/fridge", "quantity": "1", "attributes": {"volume_l": "220"}},
    ])
}

pub fn cardboard() -> Value {
    json!([{"category": "paper/cardboard", "quantity": "30"}])
}

pub async fn log_in_and_book(
    told: &mut Told,
    server: &Api,
    name: &str,
    goods: &Value,
    expected: &str,
) -> Result<Booked> {
    let phone = format!("139{:08}", Uuid::now_v7().as_u128() % 100_000_000);
    let code = json!({"code": format!("sandbox:walk{phone}")});
    let session = server.post("/api/v1/sessions", &code).await;
    ensure!(session.status < 300, "login: {}", session.text);
    let token = session.body["access_token"].as_str().context("a token")?;
    let customer = Customer {
        api: server.with_token(token),
        session: session.body.clone(),
    };
    told.say(&format!("{name} logs in through the sandbox's WeChat"));

    let quote = server
        .post("/api/v1/quotes", &json!({"city": CITY, "items": goods}))
        .await;
    let quote = quote.expect(200);
    for line in quote["lines"].as_array().into_iter().flatten() {
        println!(
            "      {}: {} × ¥{} = ¥{}",
            plain(&line["category"]),
            plain(&line["quantity"]),
            plain(&line["unit_price"]),
            plain(&line["amount"])
        );
    }
    same("the estimate", &quote["due"], expected)?;
    told.say(&format!("and gets an estimate of ¥{expected}"));

    let time = free_time(&customer.api).await?;
    let body = json!({
        "city": CITY, "items": goods, "appointment_time": time, "note": "有电梯",
        "address": {"division": DISTRICT, "detail": "文三路 90 号 3 幢 2 单元 501", "lng": "120.12", "lat": "30.27"},
        "contact": {"name": name, "phone": phone}, "photos": [],
    });
    let visit = customer.try_book(&body).await.expect(201).clone();
    same("the booked estimate", &visit["estimate"]["due"], expected)?;
    told.say(&format!(
        "and books for {time}: appointment {}",
        plain(&visit["id"])
    ));
    Ok(Booked {
        customer,
        phone,
        visit,
    })
}

async fn free_time(api: &Api) -> Result<String> {
    let mut day: NaiveDate = at(1, 0)[..10].parse()?;
    for _ in 0..14 {
        let path = format!("/api/v1/slots?division={DISTRICT}&date={day}");
        let answer = api.get(&path).await;
        let slots = answer.expect(200);
        let slots = slots["items"]
            .as_array()
            .or(slots.as_array())
            .context("slots")?;
        if let Some(slot) = slots.iter().find(|slot| slot["free"].as_i64() > Some(0)) {
            return Ok(format!("{day}T{}:00+08:00", plain(&slot["start"])));
        }
        day = day + Days::new(1);
    }
    anyhow::bail!("no free slot within two weeks")
}

pub async fn assign(
    told: &mut Told,
    server: &Api,
    settings: &Settings,
    booked: &[&Booked],
) -> Result<()> {
    let pairing = settings
        .pairing
        .first()
        .context("a pairing code that nobody has used")?;
    let desk = Desk::open(server, pairing, "admin", &settings.password).await;
    let zhang = staff_id(&desk, "zhang").await?;
    for (number, one) in (1..).zip(booked) {
        let args = json!({"appointment_id": one.visit["id"], "assignee": zhang});
        let verdicts = desk
            .push(&[desk.mutation(number, "appointment.assign@1", &args)])
            .await;
        ensure!(
            verdicts[0]["outcome"] == "applied",
            "assigning: {}",
            verdicts[0]
        );
    }
    told.say("the dispatcher assigns both to 张师傅");
    Ok(())
}

async fn staff_id(desk: &Desk, username: &str) -> Result<String> {
    let answer = desk.api().get("/admin/v1/staff").await;
    let staff = answer.expect(200)["items"]
        .as_array()
        .context("staff")?
        .clone();
    let found = staff.iter().find(|one| one["username"] == username);
    Ok(plain(
        &found.with_context(|| format!("no {username}"))?["id"],
    ))
}

pub async fn cancel(told: &mut Told, shen: &Booked) -> Result<()> {
    let id = plain(&shen.visit["id"]);
    let version = shen.customer.appointment(&id).await["version"]
        .as_i64()
        .context("a version")?;
    let answer = shen.customer.try_cancel(&id, version).await;
    ensure!(answer.status == 200, "cancelling: {}", answer.text);
    told.say("meanwhile 沈先生 calls his appointment off in the mini-program");
    Ok(())
}

pub async fn at_the_customer(told: &mut Told, gu: &Booked) -> Result<()> {
    let order = gu.customer.order(&plain(&gu.visit["order_id"])).await;
    same("the final amount at the customer", &order["due"], "212.43")?;
    let visit = gu.customer.appointment(&plain(&gu.visit["id"])).await;
    ensure!(
        visit["status"] == 2,
        "the customer's appointment is completed: {visit}"
    );
    told.say("顾女士's mini-program shows the appointment completed and ¥212.43");
    Ok(())
}
