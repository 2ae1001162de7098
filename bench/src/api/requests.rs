//! The mixed load's requests, the same as the closed loop's: of a hundred 25 estimates, 25 profiles, 30 lists and 20
//! bookings, each by a customer picked at random.

use super::scene::{Running, Side};
use anyhow::{Result, ensure};
use bytes::Bytes;
use chrono::{Days, TimeDelta, Utc};
use http_body_util::Full;
use hyper::{Request, header};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::json;

/// What a request asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An estimate.
    Quote,
    /// The profile.
    Me,
    /// A page of appointments.
    List,
    /// A booking.
    Create,
}

/// Makes requests for a side; the same seed asks the same.
pub struct Requests {
    side: Side,
    tokens: Vec<String>,
    quote: Bytes,
    bookings: Vec<Bytes>,
    run: String,
    made: u64,
    dice: StdRng,
}

impl Requests {
    /// For this side.
    ///
    /// # Errors
    /// Its tokens cannot be read.
    pub fn of(side: &Running) -> Result<Self> {
        let tokens: Vec<String> = std::fs::read_to_string(&side.tokens)?
            .lines()
            .map(str::to_owned)
            .collect();
        ensure!(!tokens.is_empty(), "no tokens");
        let (quote, bookings) = match side.side {
            Side::Ours => ours(),
            Side::Peer => peer(),
        };
        Ok(Self {
            side: side.side,
            tokens,
            quote,
            bookings,
            run: format!("open-{}", Utc::now().timestamp_millis()),
            made: 0,
            dice: StdRng::seed_from_u64(7),
        })
    }

    /// The next one.
    ///
    /// # Errors
    /// None in practice: every part is well formed.
    pub fn draw(&mut self) -> Result<(Kind, Request<Full<Bytes>>)> {
        self.made += 1;
        let kind = match self.dice.random_range(0..100) {
            0..25 => Kind::Quote,
            25..50 => Kind::Me,
            50..80 => Kind::List,
            _ => Kind::Create,
        };
        let status = self.dice.random_range(0..4);
        let (method, path) = match (kind, self.side) {
            (Kind::Quote, Side::Ours) => ("POST", "/api/v1/quotes".to_owned()),
            (Kind::Quote, Side::Peer) => ("POST", "/quote".to_owned()),
            (Kind::Me, Side::Ours) => ("GET", "/api/v1/me".to_owned()),
            (Kind::Me, Side::Peer) => ("GET", "/users/me".to_owned()),
            (Kind::List, Side::Ours) => (
                "GET",
                format!("/api/v1/appointments?fields=summary&status={status}"),
            ),
            (Kind::List, Side::Peer) => ("GET", format!("/appointments?status={status}")),
            (Kind::Create, Side::Ours) => ("POST", "/api/v1/appointments".to_owned()),
            (Kind::Create, Side::Peer) => ("POST", "/appointments".to_owned()),
        };
        let body = match kind {
            Kind::Quote => self.quote.clone(),
            Kind::Create => self.bookings[self.dice.random_range(0..self.bookings.len())].clone(),
            Kind::Me | Kind::List => Bytes::new(),
        };
        let token = &self.tokens[self.dice.random_range(0..self.tokens.len())];
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "bench")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if kind == Kind::Create {
            request = request.header("Idempotency-Key", format!("{}-{}", self.run, self.made));
        }
        Ok((kind, request.body(Full::new(body))?))
    }
}

fn ours() -> (Bytes, Vec<Bytes>) {
    let items = json!([
        {"category": "paper/cardboard", "quantity": "2.5", "attributes": {"moisture": "8"}, "note": "旧纸箱"},
        {"category": "paper/newspaper", "quantity": "8", "note": "旧书"},
    ]);
    let today = (Utc::now() + TimeDelta::hours(8)).date_naive();
    let mut bookings = Vec::new();
    for (days, hour, division) in slots() {
        let day = today.checked_add_days(Days::new(days)).unwrap_or(today);
        let body = json!({
            "city": "330100", "items": items, "note": "有电梯", "photos": [],
            "address": {"division": division, "detail": "文三路 90 号 3 幢 2 单元 501", "lng": "120.12", "lat": "30.27"},
            "contact": {"name": "王女士", "phone": "13812345678"},
            "appointment_time": format!("{day}T{hour:02}:00:00+08:00"),
        });
        bookings.push(Bytes::from(body.to_string()));
    }
    let quote = json!({"city": "330100", "items": items});
    (Bytes::from(quote.to_string()), bookings)
}

/// Every slot of two depots for the next four weeks.
fn slots() -> impl Iterator<Item = (u64, u32, &'static str)> {
    (2..28_u64).flat_map(|days| {
        (8..20_u32)
            .step_by(2)
            .flat_map(move |hour| ["330106", "330102"].map(|division| (days, hour, division)))
    })
}

fn peer() -> (Bytes, Vec<Bytes>) {
    let items = json!([
        {"name": "旧纸箱", "weight": 2.5, "age": 1, "quantity": 3},
        {"name": "旧书", "weight": 5, "age": 2, "quantity": 8},
    ])
    .to_string();
    let at = (Utc::now() + TimeDelta::days(3)).format("%Y-%m-%dT%H:00:00Z");
    let booking = json!({
        "category": "paper", "items": items, "address": "北京市朝阳区某某路1号院2单元", "contact": "13812345678",
        "appointment_time": at.to_string(),
    });
    let quote = json!({"category": "paper", "items": items});
    (
        Bytes::from(quote.to_string()),
        vec![Bytes::from(booking.to_string())],
    )
}
