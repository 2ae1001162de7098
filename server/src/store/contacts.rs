//! What a device's contact begins with, in one statement: the device, the person, the session, how far its mutations
//! have come, how far the change feed reaches — and, for a device that asks what is new, whether anything is. Nothing of
//! it is kept from one request to the next, so that whoever is shut out is shut out at once.

use super::{
    StoreError,
    devices::{self, Device, Progress},
    mutations, script, shapes,
    staff::{self, Person},
    stations,
    sync_head::Head,
};
use crate::sync::{
    grants::Depot,
    ports::{Company, Look, Opening, Place},
};
use huishou_domain::{
    ids::{DeviceId, StaffId, StationId},
    sync::scope::Scope,
};
use sqlx::{AssertSqlSafe, FromRow, MySql, MySqlConnection, Row, mysql::MySqlRow, query::QueryAs};
use uuid::Uuid;

/// A device, and who speaks by it.
#[derive(Debug, Clone)]
pub struct Contact {
    /// The device.
    pub device: Device,
    /// The person, if they are known.
    pub person: Option<Person>,
    /// The session goes on.
    pub live: bool,
}

const DEVICE: &str = "d.id, d.name, d.platform, d.public_key, d.station_id, d.registered_at, d.last_seen_at, d.revoked_at, \
     c.id IS NOT NULL AND c.revoked_at IS NULL AS live, ";
const STAFF: &str = "s.id AS staff_id, s.version AS staff_version, s.username AS staff_username, s.name AS staff_name, \
     s.role AS staff_role, s.station_id AS staff_station, s.active AS staff_active, s.grants AS staff_grants, \
     s.password_hash AS staff_password_hash, home.city AS home_city";
const FROM: &str = " FROM devices d LEFT JOIN staff s ON s.id = ? LEFT JOIN stations home ON home.id = s.station_id";
const PLACE: &str = ", h.seq, h.floor, h.epoch, CAST(d.incarnation AS SIGNED) AS incarnation, d.last_mutation, d.confirmed, \
     (SELECT LOWER(HEX(b.tag)) FROM sync_batch b WHERE b.last_seq >= ? ORDER BY b.last_seq LIMIT 1) AS tag";

/// A device and a person on it; none if the device is not known.
///
/// # Errors
/// Of the database.
pub async fn of(
    conn: &mut MySqlConnection,
    device: DeviceId,
    staff: StaffId,
    chain: Uuid,
) -> Result<Option<Contact>, StoreError> {
    let sql = format!(
        "SELECT {DEVICE}{STAFF}{FROM} LEFT JOIN refresh_chains c ON c.id = ? WHERE d.id = ?"
    );
    let row: Option<ContactRow> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(staff.0)
        .bind(chain)
        .bind(device.0)
        .fetch_optional(conn)
        .await?;
    row.map(ContactRow::read).transpose()
}

/// The same with a look at what is new behind `place`.
///
/// # Errors
/// Of the database.
pub async fn with_look(
    conn: &mut MySqlConnection,
    device: DeviceId,
    staff: StaffId,
    chain: Uuid,
    place: &Place,
) -> Result<Option<(Contact, Look)>, StoreError> {
    let marks = marks(place);
    let sql = format!(
        "SELECT {DEVICE}{STAFF}{PLACE}{}{FROM} LEFT JOIN sync_head h ON h.id = 1 LEFT JOIN refresh_chains c ON c.id = ? WHERE d.id = ?",
        news(&marks)
    );
    let query = bind_place(sqlx::query_as(AssertSqlSafe(sql)), place);
    let row: Option<BothRow> = query
        .bind(staff.0)
        .bind(chain)
        .bind(device.0)
        .fetch_optional(&mut *conn)
        .await?;
    let Some(BothRow { contact, look }) = row else {
        return Ok(None);
    };
    let (contact, home) = contact.read_with_home()?;
    let look = look
        .read(conn, contact.person.clone(), home, place.seq)
        .await?;
    Ok(Some((contact, look)))
}

/// A look by itself, on whatever the connection shows.
///
/// # Errors
/// Of the database; a device that is not known.
pub async fn look(
    conn: &mut MySqlConnection,
    device: DeviceId,
    staff: StaffId,
    place: &Place,
) -> Result<Look, StoreError> {
    let marks = marks(place);
    let sql = format!(
        "SELECT {STAFF}{PLACE}{}{FROM} LEFT JOIN sync_head h ON h.id = 1 WHERE d.id = ?",
        news(&marks)
    );
    let query = bind_place(sqlx::query_as(AssertSqlSafe(sql)), place);
    let LookAloneRow { staff, look } = query
        .bind(staff.0)
        .bind(device.0)
        .fetch_one(&mut *conn)
        .await?;
    let (person, home) = staff.read()?;
    look.read(conn, person, home, place.seq).await
}

/// The history, and those of these people who ever had a session on the device.
///
/// # Errors
/// Of the database.
pub async fn company(
    conn: &mut MySqlConnection,
    device: DeviceId,
    actors: &[StaffId],
) -> Result<Company, StoreError> {
    let rows = script::rows(conn, &[company_text(device, actors)]).await?;
    let rows: Vec<MySqlRow> = rows.into_iter().flatten().collect();
    company_of(&rows)
}

/// What a push begins with, in one message: the device's row locked and how far it has come, the verdicts on what is known
/// already, and the company.
///
/// # Errors
/// Of the database; a device that is not known.
pub async fn opening(
    conn: &mut MySqlConnection,
    device: DeviceId,
    uids: &[Uuid],
    actors: &[StaffId],
) -> Result<Opening, StoreError> {
    let statements = [
        devices::lock_progress_text(device),
        mutations::uids_text(uids),
        company_text(device, actors),
    ];
    let answers = script::rows(conn, &statements).await?;
    let [progress, known, company] = &answers[..] else {
        return Err(StoreError::Unreadable("a push's opening".into()));
    };
    let progress = progress.first().ok_or(sqlx::Error::RowNotFound)?;
    Ok(Opening {
        progress: Progress::from_row(progress)?,
        known: mutations::of_uids(known)?,
        company: company_of(company)?,
    })
}

fn company_text(device: DeviceId, actors: &[StaffId]) -> String {
    let actors: Vec<Uuid> = actors.iter().map(|id| id.0).collect();
    format!(
        "SELECT h.epoch, {STAFF} FROM sync_head h LEFT JOIN device_sessions ds ON ds.device_id = {} AND ds.staff_id IN ({}) \
         LEFT JOIN staff s ON s.id = ds.staff_id LEFT JOIN stations home ON home.id = s.station_id WHERE h.id = 1",
        script::id(device.0),
        script::ids(&actors)
    )
}

fn company_of(rows: &[MySqlRow]) -> Result<Company, StoreError> {
    let mut company = Company::default();
    for row in rows {
        company.epoch = row.try_get("epoch")?;
        if let Some(person) = StaffRow::from_row(row)?.read()?.0 {
            company.people.insert(person.staff.id, person);
        }
    }
    Ok(company)
}

/// Whether keys without a number wait in these scopes, and whether the log names any behind the place.
fn news(marks: &str) -> String {
    format!(
        ", EXISTS(SELECT 1 FROM sync_outbox o WHERE o.scope IN ({marks})) AS waiting, \
         EXISTS(SELECT 1 FROM sync_log l WHERE l.scope IN ({marks}) AND l.seq > ?) AS logged"
    )
}

/// As many marks as [`names`] gives.
fn marks(place: &Place) -> String {
    vec!["?"; names(&place.scopes).count()].join(", ")
}

/// The scopes' names, filled up to a power of two; no scope has the empty name.
fn names(scopes: &[Scope]) -> impl Iterator<Item = String> {
    let fill = shapes::size_for(scopes.len()) - scopes.len();
    let names = scopes.iter().map(ToString::to_string);
    names.chain(std::iter::repeat_n(String::new(), fill))
}

type Asked<O> = QueryAs<'static, MySql, O, sqlx::mysql::MySqlArguments>;

fn bind_place<O>(query: Asked<O>, place: &Place) -> Asked<O> {
    let mut query = query.bind(place.seq);
    for _ in 0..2 {
        for name in names(&place.scopes) {
            query = query.bind(name);
        }
    }
    query.bind(place.seq)
}

#[derive(FromRow)]
struct StaffRow {
    staff_id: Option<Uuid>,
    staff_version: Option<i64>,
    staff_username: Option<String>,
    staff_name: Option<String>,
    staff_role: Option<String>,
    staff_station: Option<Uuid>,
    staff_active: Option<bool>,
    staff_grants: Option<i32>,
    staff_password_hash: Option<String>,
    home_city: Option<String>,
}

impl StaffRow {
    /// The person, if there is one, and their home.
    fn read(self) -> Result<(Option<Person>, Option<Depot>), StoreError> {
        let depot = |(id, city)| Depot {
            id: StationId(id),
            city,
        };
        let home = self.staff_station.zip(self.home_city).map(depot);
        let row = staff::Row {
            id: self.staff_id.unwrap_or_default(),
            version: self.staff_version.unwrap_or_default(),
            username: self.staff_username.unwrap_or_default(),
            name: self.staff_name.unwrap_or_default(),
            role: self.staff_role.unwrap_or_default(),
            station_id: self.staff_station,
            active: self.staff_active.unwrap_or_default(),
            grants: self.staff_grants.unwrap_or_default(),
            password_hash: self.staff_password_hash.unwrap_or_default(),
        };
        let person = match self.staff_id {
            Some(_) => Some(staff::person(row)?),
            None => None,
        };
        Ok((person, home))
    }
}

#[derive(FromRow)]
struct ContactRow {
    #[sqlx(flatten)]
    device: Device,
    live: i64,
    #[sqlx(flatten)]
    staff: StaffRow,
}

impl ContactRow {
    fn read(self) -> Result<Contact, StoreError> {
        Ok(self.read_with_home()?.0)
    }

    fn read_with_home(self) -> Result<(Contact, Option<Depot>), StoreError> {
        let (person, home) = self.staff.read()?;
        let contact = Contact {
            device: self.device,
            person,
            live: self.live != 0,
        };
        Ok((contact, home))
    }
}

#[derive(FromRow)]
struct LookRow {
    #[sqlx(flatten)]
    head: Head,
    #[sqlx(flatten)]
    progress: Progress,
    tag: Option<String>,
    waiting: i64,
    logged: i64,
}

impl LookRow {
    async fn read(
        self,
        conn: &mut MySqlConnection,
        person: Option<Person>,
        home: Option<Depot>,
        seq: i64,
    ) -> Result<Look, StoreError> {
        let everywhere = person
            .as_ref()
            .is_some_and(|person| person.staff.role.plans_everywhere());
        let depots = if everywhere {
            stations::depots(conn).await?
        } else {
            home.into_iter().collect()
        };
        Ok(Look {
            head: self.head,
            // Before the first batch there is nothing to have a tag.
            tag: self.tag.filter(|_| seq > 0).unwrap_or_default(),
            progress: self.progress,
            person,
            depots,
            news: self.waiting != 0 || self.logged != 0,
        })
    }
}

#[derive(FromRow)]
struct BothRow {
    #[sqlx(flatten)]
    contact: ContactRow,
    #[sqlx(flatten)]
    look: LookRow,
}

#[derive(FromRow)]
struct LookAloneRow {
    #[sqlx(flatten)]
    staff: StaffRow,
    #[sqlx(flatten)]
    look: LookRow,
}
