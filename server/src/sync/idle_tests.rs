//! What a look shows, and whether it is believed.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::{
    store::{devices::Progress, staff::Person, sync_head::Head},
    sync::{cursor::Position, grants::Depot},
};
use huishou_domain::{
    ids::{DeviceId, StaffId, StationId},
    staff::{Role, Staff},
    sync::{
        message::SCHEMA,
        scope::{Kind, Scope},
    },
};
use uuid::Uuid;

const WEST: StationId = StationId(Uuid::from_u128(1));
const EPOCH: Uuid = Uuid::from_u128(3);

fn cursor() -> Cursor {
    let at = Position {
        generation: 2,
        seq: 40,
        snapshot: None,
    };
    Cursor {
        device: DeviceId(Uuid::from_u128(9)),
        epoch: EPOCH,
        head: 40,
        tag: "0a".to_owned(),
        pages: 0,
        tail: Vec::new(),
        scopes: [
            (Scope::Station(WEST), at.clone()),
            (Scope::Catalog("330100".to_owned()), at),
        ]
        .into(),
    }
}

fn request() -> PullRequest {
    PullRequest {
        cursor: Some("sealed".to_owned()),
        schema: SCHEMA,
        confirmed: 7,
        ..PullRequest::default()
    }
}

fn look() -> Look {
    let staff = Staff {
        id: StaffId(Uuid::from_u128(5)),
        version: 1,
        username: "x".to_owned(),
        name: "x".to_owned(),
        role: Role::Station,
        station_id: Some(WEST),
        active: true,
    };
    Look {
        head: Head {
            seq: 41,
            floor: 10,
            epoch: EPOCH,
        },
        tag: "0a".to_owned(),
        progress: Progress {
            incarnation: 1,
            last_mutation: 7,
            confirmed: 7,
        },
        person: Some(Person {
            staff,
            grants: 2,
            password_hash: String::new(),
        }),
        depots: vec![Depot {
            id: WEST,
            city: "330100".to_owned(),
        }],
        news: false,
    }
}

fn answered(cursor: &Cursor, request: &PullRequest, look: &Look) -> Option<PullAnswer> {
    place(cursor, request)?;
    answer(cursor, request, look, DateTime::UNIX_EPOCH)
}

#[test]
fn where_all_is_as_the_device_has_it_the_cursor_stays() {
    let answer = answered(&cursor(), &request(), &look()).unwrap();
    assert_eq!(answer.cursor, "sealed", "others wrote meanwhile, not here");
    assert_eq!((answer.complete, answer.last_mutation), (true, 7));
    assert_eq!(answer.scopes.unwrap().len(), 2);
}

#[test]
fn a_page_is_needed_in_the_midst_of_a_pull_and_for_checks() {
    let mut changed = Vec::new();
    let mut with = |change: fn(&mut Cursor)| {
        let mut cursor = cursor();
        change(&mut cursor);
        changed.push(cursor);
    };
    with(|c| c.pages = 1);
    with(|c| c.tail.push((Kind::Order, Uuid::nil())));
    with(|c| c.scopes.clear());
    with(|c| c.scopes.values_mut().next().unwrap().seq = 39);
    with(|c| {
        let position = c.scopes.values_mut().next().unwrap();
        *position = Position::fresh(2, 40);
    });
    for cursor in changed {
        assert_eq!(place(&cursor, &request()), None, "{cursor:?}");
    }
    let check = PullRequest {
        check: true,
        ..request()
    };
    assert_eq!(place(&cursor(), &check), None);
    let again = PullRequest {
        again: vec![Scope::Admin],
        ..request()
    };
    assert_eq!(place(&cursor(), &again), None);
}

#[test]
fn whatever_differs_is_for_a_page_to_tell() {
    type Change = (&'static str, fn(&mut Look));
    let changes: [Change; 12] = [
        ("something was written", |l| l.news = true),
        ("another batch", |l| l.tag = "0b".to_owned()),
        ("no batch", |l| l.tag.clear()),
        ("another history", |l| l.head.epoch = Uuid::nil()),
        ("below the floor", |l| l.head.floor = 41),
        ("above the head", |l| l.head.seq = 39),
        ("a verdict", |l| l.progress.last_mutation = 8),
        ("other grants", |l| l.person.as_mut().unwrap().grants = 3),
        ("left", |l| l.person.as_mut().unwrap().staff.active = false),
        ("unknown", |l| l.person = None),
        ("another city", |l| l.depots[0].city = "310100".to_owned()),
        ("no depot", |l| l.depots.clear()),
    ];
    for (case, change) in changes {
        let mut look = look();
        change(&mut look);
        assert_eq!(answered(&cursor(), &request(), &look), None, "{case}");
    }
}
