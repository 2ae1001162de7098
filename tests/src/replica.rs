//! A device's replica as the interface describes it, written a second time and without the product's code:
//! it pulls, applies at `complete`, and compares its own sums with the server's `checks` of the same page. What
//! the product's engine and its server could get wrong together, this one sees.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::desk::Desk;
use crate::http::Answer;

/// One aggregate held.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Its version.
    pub version: i64,
    /// The scopes it is held for.
    pub scopes: BTreeSet<String>,
    /// Its state.
    pub body: Value,
}

/// Kind and id.
pub type Name = (String, Uuid);

/// What a device holds after its last complete pull.
#[derive(Clone, Debug, Default)]
pub struct Replica {
    rows: BTreeMap<Name, Held>,
    cursor: Option<String>,
    confirmed: i64,
    last_mutation: i64,
    limit: Option<usize>,
    /// Complete pulls whose checks were compared.
    pub compared: u64,
    /// Pages read.
    pub pages: u64,
}

/// The product's limit of patience here: more pages than this is a feed that never ends.
const MOST_PAGES: usize = 400;

impl Replica {
    /// A replica that asks for pages of so few aggregates.
    #[must_use]
    pub fn with_pages_of(limit: usize) -> Self {
        Self {
            limit: Some(limit),
            ..Self::default()
        }
    }

    /// Pulls to completion as this desk and compares every scope with the server's check of the same snapshot.
    ///
    /// # Errors
    /// The first difference, in words.
    pub async fn pull(&mut self, desk: &Desk) -> Result<(), String> {
        let mut staged = self.rows.clone();
        for _ in 0..MOST_PAGES {
            let page = self.page(desk).await;
            let body = page.expect(200);
            self.pages += 1;
            stage(&mut staged, body);
            self.cursor = Some(body["cursor"].as_str().expect("a cursor").to_owned());
            if body["complete"] == json!(true) {
                self.last_mutation = body["last_mutation"].as_i64().expect("a number");
                forget_lost_scopes(&mut staged, body);
                self.rows = staged;
                return self.compare(body);
            }
        }
        Err(format!("no complete page within {MOST_PAGES}"))
    }

    /// Forgets everything held: the next pull is a first sync.
    pub fn begin_anew(&mut self) {
        self.rows.clear();
        self.cursor = None;
    }

    async fn page(&self, desk: &Desk) -> Answer {
        let mut request =
            json!({"cursor": self.cursor, "schema": 1, "confirmed": self.confirmed, "check": true});
        if let Some(limit) = self.limit {
            request["limit"] = json!(limit);
        }
        desk.api().post("/sync/v1/pull", &request).await
    }

    fn compare(&mut self, page: &Value) -> Result<(), String> {
        let checks = page["checks"]
            .as_object()
            .ok_or("asked for checks, the complete page has none")?;
        for (scope, check) in checks {
            let (count, sum) = self.sum(scope);
            let (theirs, hash) = (check["count"].as_u64(), check["hash"].as_str());
            if theirs != Some(count) || hash != Some(&format!("{sum:016x}")) {
                return Err(format!(
                    "{scope}: the server has {check}, this replica {count} rows and {sum:016x}"
                ));
            }
        }
        self.compared += 1;
        Ok(())
    }

    fn sum(&self, scope: &str) -> (u64, u64) {
        let held = self
            .rows
            .iter()
            .filter(|(_, row)| row.scopes.contains(scope));
        held.fold((0, 0), |(count, sum), ((kind, id), row)| {
            (
                count + 1,
                sum.wrapping_add(row_hash(kind, *id, row.version)),
            )
        })
    }

    /// What is held of a kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (Uuid, &'a Held)> {
        self.rows
            .iter()
            .filter(move |((of, _), _)| of == kind)
            .map(|((_, id), row)| (*id, row))
    }

    /// One aggregate, if held.
    #[must_use]
    pub fn get(&self, kind: &str, id: &str) -> Option<&Held> {
        self.rows
            .get(&(kind.to_owned(), id.parse().expect("an id")))
    }

    /// How many aggregates are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn stage(rows: &mut BTreeMap<Name, Held>, page: &Value) {
    for scope in list(page, "reset").filter_map(Value::as_str) {
        for row in rows.values_mut() {
            row.scopes.remove(scope);
        }
    }
    for put in list(page, "puts") {
        let scopes = list(put, "scopes").filter_map(Value::as_str);
        let held = Held {
            version: put["version"].as_i64().expect("a version"),
            scopes: scopes.map(str::to_owned).collect(),
            body: put["body"].clone(),
        };
        rows.insert(name(put), held);
    }
    for dropped in list(page, "drops") {
        rows.remove(&name(dropped));
    }
}

/// Scopes that the device no longer holds are gone with what was held for them alone.
fn forget_lost_scopes(rows: &mut BTreeMap<Name, Held>, page: &Value) {
    let held: BTreeSet<&str> = list(page, "scopes").filter_map(Value::as_str).collect();
    for row in rows.values_mut() {
        row.scopes.retain(|scope| held.contains(scope.as_str()));
    }
    rows.retain(|_, row| !row.scopes.is_empty());
}

fn list<'a>(object: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    object[field].as_array().into_iter().flatten()
}

fn name(entry: &Value) -> Name {
    let kind = entry["kind"].as_str().expect("a kind").to_owned();
    let id = entry["id"].as_str().and_then(|id| id.parse().ok());
    (kind, id.expect("an id"))
}

/// The first eight bytes of SHA-256 over kind, a zero byte, the id and the version (sync.md 9).
fn row_hash(kind: &str, id: Uuid, version: i64) -> u64 {
    let mut hash = Sha256::new();
    hash.update(kind.as_bytes());
    hash.update([0]);
    hash.update(id.as_bytes());
    hash.update(version.to_be_bytes());
    let digest = hash.finalize();
    u64::from_be_bytes(digest[..8].try_into().expect("32 bytes"))
}
