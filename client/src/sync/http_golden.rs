//! The wire forms of what a device asks beside push and pull, and of the answers it reads. A field more does not compile
//! here until it has its text: a newest form is added, and the older ones stay and are still read.
#![allow(clippy::unwrap_used)]

use super::*;
use serde_json::value::RawValue;
use uuid::Uuid;

const DEVICE: DeviceId = DeviceId(Uuid::from_u128(0x0193_6a00_0000_7000_8000_0000_0000_0001));

fn written(message: &impl Serialize) -> String {
    serde_json::to_string(message).unwrap()
}

fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

#[test]
fn requests_are_written_so() {
    let pairing = Pairing {
        pairing_code: "K7QM-2F9X".into(),
        name: "张师傅的电脑".into(),
        platform: "linux".into(),
        public_key: "cHVibGlj".into(),
    };
    assert_eq!(
        written(&pairing),
        r#"{"pairing_code":"K7QM-2F9X","name":"张师傅的电脑","platform":"linux","public_key":"cHVibGlj"}"#
    );
    let sign_in = SignIn {
        username: "zhang".into(),
        password: "secret".into(),
        device: DEVICE,
        client_time: "2026-11-23T02:00:00.125Z".into(),
        signature: "c2ln".into(),
    };
    assert_eq!(
        written(&sign_in),
        r#"{"username":"zhang","password":"secret","device":"01936a00-0000-7000-8000-000000000001","client_time":"2026-11-23T02:00:00.125Z","signature":"c2ln"}"#
    );
    let refresh = Refresh {
        refresh_token: "r1".into(),
        device: DEVICE,
        signature: "c2ln".into(),
    };
    assert_eq!(
        written(&refresh),
        r#"{"refresh_token":"r1","device":"01936a00-0000-7000-8000-000000000001","signature":"c2ln"}"#
    );
    let recovery = RecoveryRequest {
        pairing_code: "K7QM-2F9X".into(),
        public_key: "cHVibGlj".into(),
        wrapped: "d3JhcHBlZA==".into(),
        reply_to: "cmVwbHk=".into(),
        signature: "c2ln".into(),
    };
    assert_eq!(
        written(&recovery),
        r#"{"pairing_code":"K7QM-2F9X","public_key":"cHVibGlj","wrapped":"d3JhcHBlZA==","reply_to":"cmVwbHk=","signature":"c2ln"}"#
    );
    let kept = r#"{ "id":1,  "kept":"as it is" }"#;
    let hand_in = HandIn {
        device: DEVICE,
        mutations: vec![RawValue::from_string(kept.into()).unwrap()],
        signature: "c2ln".into(),
    };
    assert_eq!(
        written(&hand_in),
        format!(
            r#"{{"device":"01936a00-0000-7000-8000-000000000001","mutations":[{kept}],"signature":"c2ln"}}"#
        )
    );
}

#[test]
fn registrations_are_read_in_every_form() {
    let newest = r#"{"device":{"id":"01936a00-0000-7000-8000-000000000001","name":"张师傅的电脑"},"server_key":"a2V5","recovery_key":"cmVj"}"#;
    let Registered {
        device: RegisteredDevice { id, name },
        server_key,
        recovery_key,
    } = read(newest);
    assert_eq!((id, name.as_str()), (DEVICE, "张师傅的电脑"));
    assert_eq!(
        (server_key.as_deref(), recovery_key.as_deref()),
        (Some("a2V5"), Some("cmVj"))
    );
    let before_server_keys =
        r#"{"device":{"id":"01936a00-0000-7000-8000-000000000001","name":"张师傅的电脑"}}"#;
    let older: Registered = read(before_server_keys);
    assert_eq!((older.server_key, older.recovery_key), (None, None));
}

#[test]
fn sessions_are_read_in_every_form() {
    let newest = r#"{"access_token":"a1","refresh_token":"r1","expires_in":900,"staff":{"id":"01936a00-0000-7000-8000-000000000001","username":"zhang","name":"张师傅","role":"collector","station_id":"01936a00-0000-7000-8000-000000000001","station_name":"城西站"},"scopes":["catalog:330100"],"server_key":"a2V5","recovery_key":"cmVj","server_time":"2026-11-23T02:00:00.125Z"}"#;
    let Granted {
        access_token,
        refresh_token,
        expires_in,
        staff:
            StaffOfSession {
                id,
                username,
                name,
                role,
                station_id,
                station_name,
            },
        scopes,
        server_key,
        recovery_key,
        server_time,
    } = read(newest);
    assert_eq!(
        (access_token.as_str(), refresh_token.as_str(), expires_in),
        ("a1", "r1", 900)
    );
    assert_eq!(
        (id.0, username.as_str(), name.as_str()),
        (DEVICE.0, "zhang", "张师傅")
    );
    assert_eq!(
        (role, station_id.map(|id| id.0), station_name.as_deref()),
        (Role::Collector, Some(DEVICE.0), Some("城西站"))
    );
    assert_eq!(scopes, ["catalog:330100"]);
    assert!(server_key.is_some() && recovery_key.is_some());
    assert_eq!(server_time.timestamp_subsec_millis(), 125);
    let before_server_keys = r#"{"access_token":"a1","refresh_token":"r1","expires_in":900,"staff":{"id":"01936a00-0000-7000-8000-000000000001","username":"admin","name":"管理员","role":"admin"},"server_time":"2026-11-23T02:00:00.125Z"}"#;
    let older: Granted = read(before_server_keys);
    assert_eq!((older.server_key, older.staff.station_id), (None, None));
    assert!(older.scopes.is_empty());
}

#[test]
fn short_answers_and_problems_are_read_in_every_form() {
    let RecoveryAnswer { wrapped } = read(r#"{"wrapped":"d3JhcHBlZA=="}"#);
    assert_eq!(wrapped, "d3JhcHBlZA==");
    let HandedIn { total } = read(r#"{"total":3}"#);
    assert_eq!(total, 3);
    let Problem { code, field } = read(
        r#"{"type":"about:blank","title":"Unprocessable","status":422,"code":"required","field":"name","detail":"?"}"#,
    );
    assert_eq!(
        (code.as_str(), field.as_deref()),
        ("required", Some("name"))
    );
    let without_field: Problem = read(r#"{"code":"device_revoked"}"#);
    assert_eq!(without_field.field, None);
}
