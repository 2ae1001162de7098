//! Filling in what a command was not given: ids, the book, lines, totals.

use crate::{
    clock::TrustedClock,
    error::{Error, Result},
    store::Db,
    visits::{self, Seen},
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    command::Subject,
    ids::OrderId,
    money::Fen,
    quote::{Adjustment, BookRef, QuoteLine, due},
    staff::Actor,
    time::wire,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

type Args = Map<String, Value>;
type Find<'a> = &'a dyn Fn(&Db) -> Result<Option<Seen>>;
type Priced = Result<(BookRef, Vec<QuoteLine>, Fen)>;

/// What filling in needs.
pub struct Fill<'a> {
    /// Trusted time.
    pub now: DateTime<Utc>,
    /// Makes ids.
    pub clock: &'a TrustedClock,
    /// Who acts.
    pub actor: Actor,
    /// Reads the store.
    pub read: &'a dyn Fn(Find<'_>) -> Result<Option<Seen>>,
    /// The city of the depot that serves a district, if one here does.
    pub city: &'a dyn Fn(&str) -> Result<Option<String>>,
    /// Prices goods with the book of a city, or of this person's.
    pub price: &'a dyn Fn(Option<&str>, &[Value]) -> Priced,
}

impl Fill<'_> {
    /// The arguments, whole.
    ///
    /// # Errors
    /// `invalid_arguments`, `required`, `not_found`, pricing's codes, `no_book`.
    pub fn fill(&self, name: &str, args: Value) -> Result<Value> {
        let Value::Object(mut args) = args else {
            return Err(Error::code("invalid_arguments"));
        };
        let bare = name.strip_suffix("@1").unwrap_or(name);
        if bare.starts_with("order.") {
            self.order_id(&mut args)?;
        }
        match bare {
            "order.weigh" => self.weigh(&mut args)?,
            "order.accept" => self.accept(&mut args)?,
            "order.pay" => self.pay(&mut args)?,
            "order.refund" => self.refund(&mut args)?,
            "appointment.create" => self.booking(&mut args)?,
            "appointment.estimate" => self.estimate(&mut args)?,
            "ticket.create" => self.ticket(&mut args)?,
            _ => {}
        }
        Ok(Value::Object(args))
    }

    /// The order may be named by its appointment.
    fn order_id(&self, args: &mut Args) -> Result<()> {
        let Some(appointment) = args.remove("appointment_id").filter(|id| !id.is_null()) else {
            return Ok(());
        };
        let id = serde_json::from_value(appointment)
            .map_err(|_| Error::field("invalid_arguments", "appointment_id"))?;
        let find = |db: &Db| match visits::find(db, Subject::Appointment(id))? {
            Some(visit) => visits::load(db, visit),
            None => Ok(None),
        };
        let order = (self.read)(&find)?
            .ok_or_else(|| Error::not_found("appointment_id"))?
            .visit
            .order
            .id;
        if missing(args, "order_id") {
            set(args, "order_id", &order)?;
        } else if read::<OrderId>(args, "order_id")? != order {
            return Err(Error::field("invalid", "appointment_id"));
        }
        Ok(())
    }

    /// The order that is named, as it is seen here.
    fn seen(&self, args: &Args) -> Result<Seen> {
        let id = args
            .get("order_id")
            .and_then(|id| serde_json::from_value::<OrderId>(id.clone()).ok())
            .ok_or_else(|| Error::field("invalid_arguments", "order_id"))?;
        (self.read)(&|db| visits::load(db, id.uuid()))?.ok_or_else(|| Error::not_found("order_id"))
    }

    fn weigh(&self, args: &mut Args) -> Result<()> {
        let seen = self.seen(args)?;
        self.new_id(args, "quote_id")?;
        self.quote(
            args,
            seen.visit.appointment.as_ref().map(|a| a.city.as_str()),
        )
    }

    /// The current quote, unless another is named.
    fn accept(&self, args: &mut Args) -> Result<()> {
        if missing(args, "quote_id") {
            let current = self.seen(args)?.visit.order.current_quote;
            let current = current.ok_or_else(|| Error::field("not_weighed", "order_id"))?;
            set(args, "quote_id", &current)?;
        }
        Ok(())
    }

    /// What is still owed, unless an amount is given.
    fn pay(&self, args: &mut Args) -> Result<()> {
        self.new_id(args, "payment_id")?;
        if missing(args, "amount") {
            let order = self.seen(args)?.visit.order;
            let owed = i128::from(order.due.fen()) - order.paid_fen();
            set(
                args,
                "amount",
                &Fen::from_fen(i64::try_from(owed.max(0)).unwrap_or(0)),
            )?;
        }
        Ok(())
    }

    /// Of the only payment and all of it, unless said otherwise.
    fn refund(&self, args: &mut Args) -> Result<()> {
        self.new_id(args, "refund_id")?;
        let order = &self.seen(args)?.visit.order;
        if missing(args, "payment_id")
            && let [only] = order.payments.as_slice()
        {
            set(args, "payment_id", &only.payment_id)?;
        }
        if missing(args, "amount") {
            let of = args.get("payment_id").cloned().unwrap_or_default();
            let payment = order
                .payments
                .iter()
                .find(|p| serde_json::to_value(p.payment_id).is_ok_and(|id| id == of));
            if let Some(payment) = payment {
                let back = order
                    .refunds
                    .iter()
                    .filter(|r| r.payment_id == payment.payment_id)
                    .map(|r| r.amount.fen())
                    .sum::<i64>();
                set(
                    args,
                    "amount",
                    &Fen::from_fen((payment.amount.fen() - back).max(0)),
                )?;
            }
        }
        Ok(())
    }

    fn ticket(&self, args: &mut Args) -> Result<()> {
        self.new_id(args, "order_id")?;
        if missing(args, "station_id") {
            let station = self
                .actor
                .station
                .ok_or_else(|| Error::field("required", "station_id"))?;
            set(args, "station_id", &station)?;
        }
        self.stated_quote(args, "final", None)
    }

    /// Of the city where the visit is.
    fn estimate(&self, args: &mut Args) -> Result<()> {
        let id = read(args, "appointment_id")?;
        let find = |db: &Db| match visits::find(db, Subject::Appointment(id))? {
            Some(visit) => visits::load(db, visit),
            None => Ok(None),
        };
        let seen = (self.read)(&find)?.ok_or_else(|| Error::not_found("appointment_id"))?;
        let city = seen.visit.appointment.map(|a| a.city);
        self.stated_quote(args, "estimate", city.as_deref())
    }

    /// A quote whose goods and adjustments may be stated beside it.
    fn stated_quote(&self, args: &mut Args, kind: &str, city: Option<&str>) -> Result<()> {
        let mut quote = object(args, "quote")?;
        for key in ["items", "adjustments"] {
            if let Some(value) = args.remove(key).filter(|_| missing(&quote, key)) {
                quote.insert(key.into(), value);
            }
        }
        self.head(&mut quote, kind)?;
        self.quote(&mut quote, city)?;
        args.insert("quote".into(), Value::Object(quote));
        Ok(())
    }

    /// A phone booking's estimate is of its goods, by the book of the depot's city. Goods that cannot be priced are left
    /// without: the rules of a booking name every fault.
    fn booking(&self, args: &mut Args) -> Result<()> {
        self.new_id(args, "appointment_id")?;
        self.new_id(args, "order_id")?;
        let stated = !missing(args, "estimate");
        let mut quote = object(args, "estimate")?;
        if missing(args, "items")
            && let Some(items) = quote.get("items")
        {
            args.insert("items".into(), items.clone());
        }
        if missing(&quote, "items")
            && let Some(items) = args.get("items")
        {
            quote.insert("items".into(), items.clone());
        }
        let address = args.get("address").and_then(|a| a.get("division"));
        let city = match address.and_then(Value::as_str) {
            Some(district) => (self.city)(district)?,
            None => None,
        };
        if city.is_none() && !stated {
            return Ok(());
        }
        self.head(&mut quote, "estimate")?;
        match self.quote(&mut quote, city.as_deref()) {
            Err(fault) if stated || fault.stable_code() == "no_book" => return Err(fault),
            Err(_) => {}
            Ok(()) => drop(args.insert("estimate".into(), Value::Object(quote))),
        }
        Ok(())
    }

    /// Which quote it is, and of when.
    fn head(&self, quote: &mut Args, kind: &str) -> Result<()> {
        self.new_id(quote, "id")?;
        if missing(quote, "kind") {
            set(quote, "kind", kind)?;
        }
        if missing(quote, "created_at") {
            set(quote, "created_at", &wire(self.now))?;
        }
        Ok(())
    }

    /// Book, lines, total and due of a quote's items; what is given stays as stated.
    fn quote(&self, quote: &mut Args, city: Option<&str>) -> Result<()> {
        if missing(quote, "lines") || missing(quote, "book") {
            let items = quote
                .get("items")
                .and_then(Value::as_array)
                .ok_or_else(|| Error::field("required", "items"))?;
            let (book, lines, total) = (self.price)(city, items)?;
            if missing(quote, "lines") {
                set(quote, "lines", &lines)?;
                if missing(quote, "total") {
                    set(quote, "total", &total)?;
                }
            }
            if missing(quote, "book") {
                set(quote, "book", &book)?;
            }
        }
        if missing(quote, "total") {
            let lines: Vec<QuoteLine> = read(quote, "lines")?;
            let total = Fen::checked_sum(lines.iter().map(|l| l.amount))
                .ok_or_else(|| Error::field("amount_too_large", "total"))?;
            set(quote, "total", &total)?;
        }
        if missing(quote, "due") {
            let total: Fen = read(quote, "total")?;
            let adjustments: Vec<Adjustment> = if missing(quote, "adjustments") {
                Vec::new()
            } else {
                read(quote, "adjustments")?
            };
            let due =
                due(total, &adjustments).ok_or_else(|| Error::field("due_wrong", "adjustments"))?;
            set(quote, "due", &due)?;
        }
        if missing(quote, "adjustments") {
            quote.insert("adjustments".into(), Value::Array(Vec::new()));
        }
        Ok(())
    }

    fn new_id(&self, args: &mut Args, key: &str) -> Result<()> {
        if missing(args, key) {
            set(args, key, &self.clock.new_id(self.now))?;
        }
        Ok(())
    }
}

/// An object among the arguments, taken out; empty where there is none.
fn object(args: &mut Args, key: &str) -> Result<Args> {
    match args.remove(key) {
        Some(Value::Object(object)) => Ok(object),
        None | Some(Value::Null) => Ok(Map::new()),
        Some(_) => Err(Error::field("invalid_arguments", key)),
    }
}

fn missing(args: &Args, key: &str) -> bool {
    args.get(key).is_none_or(Value::is_null)
}

fn set<T: Serialize + ?Sized>(args: &mut Args, key: &str, value: &T) -> Result<()> {
    args.insert(key.to_owned(), serde_json::to_value(value)?);
    Ok(())
}

fn read<T: DeserializeOwned>(args: &Args, key: &str) -> Result<T> {
    let value = args
        .get(key)
        .cloned()
        .ok_or_else(|| Error::field("required", key))?;
    serde_json::from_value(value).map_err(|_| Error::field("invalid_arguments", key))
}
