//! Which scopes a person's device holds (sync.md 13).

use huishou_domain::{
    ids::StationId,
    staff::{Role, Staff, Station},
    sync::scope::Scope,
};
use std::collections::BTreeSet;

/// All that matters of a depot here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depot {
    /// Identity.
    pub id: StationId,
    /// Whose prices count there.
    pub city: String,
}

/// All that matters of these depots.
#[must_use]
pub fn depots(stations: &[Station]) -> Vec<Depot> {
    let depot = |station: &Station| Depot {
        id: station.id,
        city: station.city.clone(),
    };
    stations.iter().map(depot).collect()
}

/// The scopes of the person who is signed in. A collector gets their own visits and the prices of their home city,
/// station staff their station, dispatchers and administrators every station.
#[must_use]
pub fn scopes_of(person: &Staff, stations: &[Station]) -> BTreeSet<Scope> {
    scopes_at(person, &depots(stations))
}

/// The same; depots that are not theirs may be left out for those who do not plan everywhere.
#[must_use]
pub fn scopes_at(person: &Staff, stations: &[Depot]) -> BTreeSet<Scope> {
    let home = stations.iter().find(|s| Some(s.id) == person.station_id);
    let catalog = |station: &Depot| Scope::Catalog(station.city.clone());
    match person.role {
        Role::Collector => [Scope::Collector(person.id)]
            .into_iter()
            .chain(home.map(catalog))
            .collect(),
        Role::Station => home
            .into_iter()
            .flat_map(|s| [Scope::Station(s.id), catalog(s)])
            .collect(),
        Role::Dispatcher | Role::Admin => {
            let each = stations
                .iter()
                .flat_map(|s| [Scope::Station(s.id), catalog(s)]);
            each.chain([Scope::Admin]).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use huishou_domain::ids::{StaffId, StationId};
    use uuid::Uuid;

    fn station(n: u128, city: &str) -> Station {
        Station {
            id: StationId(Uuid::from_u128(n)),
            version: 1,
            code: n.to_string(),
            name: n.to_string(),
            city: city.to_owned(),
            address: String::new(),
            divisions: Vec::new(),
        }
    }

    fn person(role: Role, at: Option<u128>) -> Staff {
        Staff {
            id: StaffId(Uuid::from_u128(9)),
            version: 1,
            username: "x".to_owned(),
            name: "x".to_owned(),
            role,
            station_id: at.map(|n| StationId(Uuid::from_u128(n))),
            active: true,
        }
    }

    fn names(role: Role, at: Option<u128>) -> Vec<String> {
        let stations = [
            station(1, "330100"),
            station(2, "330100"),
            station(3, "310100"),
        ];
        scopes_of(&person(role, at), &stations)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn each_role_holds_what_it_works_on_and_no_more() {
        let id = |n: u128| Uuid::from_u128(n).to_string();
        assert_eq!(
            names(Role::Collector, Some(1)),
            [format!("collector:{}", id(9)), "catalog:330100".to_owned()]
        );
        assert_eq!(
            names(Role::Station, Some(3)),
            [format!("station:{}", id(3)), "catalog:310100".to_owned()]
        );
        assert!(
            names(Role::Station, None).is_empty(),
            "station staff without a station see nothing"
        );
        assert_eq!(
            names(Role::Admin, None).len(),
            3 + 2 + 1,
            "every station, each city once, the administrators' own"
        );
    }
}
