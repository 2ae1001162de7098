//! Pictures: kept first, brought up piece by piece through every break, counted until they are up.

use super::{
    device::{Device, scopes},
    server::Server,
};
use crate::{
    blobs::{self, Asker, Bearer, Carrier, KEPT_DAYS, Reply},
    error::{Error, Result},
    store::blobs::Waiting,
    view::sync::ChipState,
};
use chrono::TimeDelta;
use huishou_domain::blob::{Asked, MAX_BYTES, Missing, PART, PictureType, name_of};
use serde_json::json;
use std::{collections::HashMap, sync::Mutex};

/// A server's half of it, in memory, on a line with faults.
#[derive(Default)]
struct Shelf {
    parts: Mutex<HashMap<String, Vec<u8>>>,
    whole: Mutex<HashMap<String, Vec<u8>>>,
    /// Pieces that came in.
    pieces: Mutex<Vec<(String, usize)>>,
    /// What befalls the next requests, last first.
    faults: Mutex<Vec<Fault>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// It comes and goes as it should.
    None,
    /// The request never arrives.
    Lost,
    /// It takes effect; the answer is lost.
    AnswerLost,
    /// Its bytes are spoilt on the way.
    Spoilt,
}

fn problem(status: u16, code: &str, body: serde_json::Value) -> Error {
    Error::Problem {
        status,
        code: code.into(),
        field: None,
        body: Box::new(body),
    }
}

impl Shelf {
    fn befall(&self, faults: &[Fault]) {
        let mut faults = faults.to_vec();
        faults.reverse();
        *self.faults.lock().unwrap() = faults;
    }

    fn take(&self, picture: &Waiting, start: usize, bytes: &[u8]) -> Result<Reply> {
        if self.whole.lock().unwrap().contains_key(&picture.name) {
            return Ok(Reply::Whole);
        }
        let mut parts = self.parts.lock().unwrap();
        let held = parts.entry(picture.name.clone()).or_default();
        if held.len() != start {
            let expected = held.len();
            return Err(problem(
                409,
                "offset_mismatch",
                json!({ "expected": expected }),
            ));
        }
        held.extend(bytes);
        if held.len() < picture.size {
            return Ok(Reply::Upto(held.len()));
        }
        let held = parts.remove(&picture.name).unwrap();
        if name_of(&held) != picture.name {
            return Err(problem(422, "hash_mismatch", json!({})));
        }
        if held.starts_with(b"RIFF") {
            return Err(problem(415, "blob_type_unsupported", json!({})));
        }
        self.whole
            .lock()
            .unwrap()
            .insert(picture.name.clone(), held);
        Ok(Reply::Whole)
    }

    fn starts(&self) -> Vec<usize> {
        self.pieces
            .lock()
            .unwrap()
            .drain(..)
            .map(|(_, at)| at)
            .collect()
    }
}

impl Bearer for Shelf {
    async fn bring(&self, picture: &Waiting, start: usize, mut bytes: Vec<u8>) -> Result<Reply> {
        assert!(bytes.len() <= PART, "pieces are of 256 KiB at most");
        self.pieces
            .lock()
            .unwrap()
            .push((picture.name.clone(), start));
        let fault = self.faults.lock().unwrap().pop().unwrap_or(Fault::None);
        if fault == Fault::Lost {
            return Err(Error::Offline("lost".into()));
        }
        if fault == Fault::Spoilt {
            bytes[PART / 2] ^= 1;
        }
        let reply = self.take(picture, start, &bytes);
        match fault {
            Fault::AnswerLost => Err(Error::Offline("no answer".into())),
            _ => reply,
        }
    }
}

impl Asker for Shelf {
    async fn missing(&self, asked: &Asked) -> Result<Missing> {
        if self.faults.lock().unwrap().pop() == Some(Fault::Lost) {
            return Err(Error::Offline("lost".into()));
        }
        let whole = self.whole.lock().unwrap();
        let missing = asked
            .sha256
            .iter()
            .filter(|name| !whole.contains_key(*name));
        Ok(Missing {
            missing: missing.cloned().collect(),
        })
    }
}

impl Carrier for Shelf {
    async fn fetch(&self, name: &str) -> Result<Vec<u8>> {
        let whole = self.whole.lock().unwrap();
        let found = whole.get(name).cloned();
        found.ok_or_else(|| problem(404, "not_found", json!({})))
    }
}

fn picture(size: usize, mark: u8) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.resize(size, mark);
    bytes
}

fn waiting(device: &Device) -> u32 {
    device.engine.sync_status().unwrap().pictures
}

#[test]
fn a_picture_is_counted_as_long_as_it_would_be_lost() {
    let (server, device, shelf) = (Server::new(&scopes()), Device::new(), Shelf::default());
    device.contact(&server, crate::engine::Round::Both).unwrap();
    let chip = |device: &Device| device.engine.sync_status().unwrap().chip;
    assert_eq!((waiting(&device), chip(&device)), (0, ChipState::Synced));
    let bytes = picture(1000, 1);
    let name = device.engine.put_blob(&bytes).unwrap();
    assert_eq!(name, name_of(&bytes));
    assert_eq!(device.engine.put_blob(&bytes).unwrap(), name, "once");
    assert_eq!((waiting(&device), chip(&device)), (1, ChipState::Pending));
    assert_eq!(
        device.picture(&name).unwrap(),
        bytes,
        "from here, without a network"
    );
    let told = std::fs::read_to_string(device.engine.diagnostics().unwrap()).unwrap();
    assert!(
        told.contains(&format!(
            "{name} image/png 1000 waits, 0 of 1000 bytes sent"
        )),
        "{told}"
    );
    assert_eq!(device.bring(&shelf).unwrap(), 1);
    assert_eq!((waiting(&device), chip(&device)), (0, ChipState::Synced));
    let told = std::fs::read_to_string(device.engine.diagnostics().unwrap()).unwrap();
    assert!(told.contains(&format!("{name} image/png 1000 up")));
    device.is_sound();
}

#[test]
fn an_upload_goes_on_where_it_was_broken_off() {
    let (mut device, shelf) = (Device::new(), Shelf::default());
    let bytes = picture(3 * PART + 5, 2);
    let name = device.engine.put_blob(&bytes).unwrap();
    shelf.befall(&[Fault::None, Fault::Lost]);
    assert_eq!(device.bring(&shelf).unwrap_err().stable_code(), "offline");
    assert_eq!(shelf.starts(), [0, PART]);
    device.reopen();
    shelf.befall(&[Fault::AnswerLost]);
    device.bring(&shelf).unwrap_err();
    assert_eq!(shelf.starts(), [PART], "after a restart from where it was");
    device.reopen();
    assert_eq!((waiting(&device), device.bring(&shelf).unwrap()), (1, 1));
    assert_eq!(
        shelf.starts(),
        [PART, 2 * PART, 3 * PART],
        "the server says where to go on"
    );
    assert_eq!(shelf.whole.lock().unwrap()[&name], bytes);
    assert_eq!(device.bring(&shelf).unwrap(), 0, "nothing more to bring");
}

#[test]
fn the_last_answer_may_be_lost_and_a_picture_may_be_there_already() {
    let (device, shelf) = (Device::new(), Shelf::default());
    device.engine.put_blob(&picture(PART + 1, 3)).unwrap();
    shelf.befall(&[Fault::None, Fault::AnswerLost]);
    device.bring(&shelf).unwrap_err();
    assert_eq!(device.bring(&shelf).unwrap(), 1);
    assert_eq!(waiting(&device), 0);
    let other = Device::new();
    other.engine.put_blob(&picture(PART + 1, 3)).unwrap();
    shelf.starts();
    assert_eq!(other.bring(&shelf).unwrap(), 1);
    assert_eq!(shelf.starts(), [0], "another device's is the same picture");
}

#[test]
fn what_was_spoilt_on_the_way_is_brought_again_from_the_start() {
    let (device, shelf) = (Device::new(), Shelf::default());
    device.engine.put_blob(&picture(2 * PART, 4)).unwrap();
    shelf.befall(&[Fault::Spoilt]);
    assert_eq!(device.bring(&shelf).unwrap(), 1);
    assert_eq!(shelf.starts(), [0, PART, 0, PART]);
    device.engine.put_blob(&picture(2 * PART, 5)).unwrap();
    shelf.befall(&[Fault::Spoilt, Fault::None, Fault::Spoilt]);
    assert_eq!(
        device.bring(&shelf).unwrap_err().stable_code(),
        "hash_mismatch"
    );
    assert_eq!(waiting(&device), 1, "it waits for another round");
    assert_eq!(device.bring(&shelf).unwrap(), 1);
}

#[test]
fn one_that_is_never_taken_keeps_back_no_other() {
    let (device, shelf) = (Device::new(), Shelf::default());
    let mut webp = b"RIFF\x24\0\0\0WEBPVP8 ".to_vec();
    webp.resize(100, 0);
    let refused = device.engine.put_blob(&webp).unwrap();
    let taken = device.engine.put_blob(&picture(100, 6)).unwrap();
    assert_eq!(
        device.bring(&shelf).unwrap_err().stable_code(),
        "blob_type_unsupported"
    );
    assert!(shelf.whole.lock().unwrap().contains_key(&taken));
    assert_eq!(waiting(&device), 0, "it is asked for no more");
    assert_eq!(device.picture(&refused).unwrap(), webp, "and still here");
    let told = std::fs::read_to_string(device.engine.diagnostics().unwrap()).unwrap();
    assert!(told.contains("refused blob_type_unsupported"));
}

#[test]
fn commands_go_before_pictures() {
    let (server, device, shelf) = (Server::new(&scopes()), Device::new(), Shelf::default());
    let (appointment, _) = server.book(2);
    device.round(&server).unwrap();
    device.engine.put_blob(&picture(2 * PART, 7)).unwrap();
    device
        .exec("appointment.start", json!({"appointment_id": appointment}))
        .unwrap();
    assert_eq!(device.bring(&shelf).unwrap(), 0);
    assert_eq!(
        shelf.starts(),
        [0; 0],
        "nothing goes up while a command waits"
    );
    device.push(&server).unwrap();
    assert_eq!(device.bring(&shelf).unwrap(), 1);
}

#[test]
fn it_stays_thirty_days_after_it_is_up_and_comes_back_from_the_server_when_asked_for() {
    let (device, shelf) = (Device::new(), Shelf::default());
    let (bytes, late) = (picture(500, 8), picture(500, 9));
    let name = device.engine.put_blob(&bytes).unwrap();
    device.pass(TimeDelta::days(KEPT_DAYS + 1));
    device.bring(&shelf).unwrap();
    device.pass(TimeDelta::days(KEPT_DAYS) - TimeDelta::minutes(1));
    device.bring(&shelf).unwrap();
    assert_eq!(
        device.picture(&name).unwrap(),
        bytes,
        "thirty days from when it was up"
    );
    let never_up = device.engine.put_blob(&late).unwrap();
    shelf.befall(&[Fault::Lost]);
    device.bring(&shelf).unwrap_err();
    device.pass(TimeDelta::minutes(2));
    device.bring(&shelf).unwrap();
    assert!(device.picture(&name).is_err());
    assert_eq!(device.picture(&never_up).unwrap(), late);
    assert_eq!(device.fetch(&shelf, &name).unwrap(), bytes);
    assert_eq!(device.picture(&name).unwrap(), bytes, "and is here again");
    assert_eq!(waiting(&device), 0);
    shelf.whole.lock().unwrap().insert("0".repeat(64), bytes);
    let other = device.fetch(&shelf, &"0".repeat(64)).unwrap_err();
    assert_eq!(
        other.stable_code(),
        "server_error",
        "another picture than asked for is not shown"
    );
}

#[test]
fn what_is_no_picture_or_too_large_is_not_kept() {
    let device = Device::new();
    let code = |bytes: &[u8]| device.engine.put_blob(bytes).unwrap_err().stable_code();
    assert_eq!(code(b""), "blob_type_unsupported");
    assert_eq!(code(b"<svg onload=alert(1)>"), "blob_type_unsupported");
    assert_eq!(code(&picture(MAX_BYTES + 1, 1)), "blob_too_large");
    device.engine.put_blob(&picture(MAX_BYTES, 1)).unwrap();
    assert_eq!(
        device.picture("nothing").unwrap_err().stable_code(),
        "not_found"
    );
    assert_eq!(PictureType::of(&picture(20, 1)), Some(PictureType::Png));
}

#[test]
fn a_photo_taken_away_before_a_command_names_it_is_gone_and_one_that_is_named_stays() {
    let (server, device) = (Server::new(&scopes()), Device::new());
    let (appointment, order) = server.book(2);
    device.round(&server).unwrap();
    let (gone, stays) = (picture(50, 1), picture(50, 2));
    let (gone, stays) = (
        device.engine.put_blob(&gone).unwrap(),
        device.engine.put_blob(&stays).unwrap(),
    );
    device
        .exec("appointment.start", json!({"appointment_id": appointment}))
        .unwrap();
    let weighing =
        json!({"category": "paper/cardboard", "weighing": {"gross": "30.4", "tare": "0.4"}});
    let weigh = |photos: Vec<String>| {
        device.exec(
            "order.weigh",
            json!({"order_id": order, "items": [weighing], "photos": photos}),
        )
    };
    let many = weigh(vec![stays.clone(); 10]).unwrap_err();
    assert_eq!(many.stable_code(), "too_long");
    assert_eq!(
        weigh(vec!["x.jpg".into()]).unwrap_err().stable_code(),
        "invalid"
    );
    weigh(vec![stays.clone()]).unwrap();
    assert_eq!(
        device.engine.order(order).unwrap().order.quotes[0].photos,
        std::slice::from_ref(&stays)
    );
    device.engine.discard_blob(&gone).unwrap();
    device.engine.discard_blob(&stays).unwrap();
    assert!(device.picture(&gone).is_err());
    assert!(device.picture(&stays).is_ok());
    assert_eq!(waiting(&device), 1);
}

#[test]
fn practice_keeps_its_pictures_to_itself() {
    let (device, shelf) = (Device::new(), Shelf::default());
    device.engine.practice_enter().unwrap();
    let name = device.engine.put_blob(&picture(50, 1)).unwrap();
    assert!(device.picture(&name).is_ok());
    assert_eq!(waiting(&device), 0, "nothing of it is ever sent");
    assert_eq!(device.bring(&shelf).unwrap(), 0);
    device.engine.practice_leave().unwrap();
    assert!(
        device
            .engine
            .main_read(|db| crate::store::blobs::get(db, &name))
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_window_hands_pictures_over_as_text_and_gets_them_so() {
    let device = Device::new();
    let png = "iVBORw0KGgoAAAANSUhEUg==";
    let name = device.engine.picture_put(png).unwrap();
    let shown = device.block_on(device.engine.picture(&name)).unwrap();
    assert_eq!(
        (shown.kind.as_str(), shown.data.as_str()),
        ("image/png", png)
    );
    let odd = device.engine.picture_put("no base64!").unwrap_err();
    assert_eq!(odd.stable_code(), "invalid");
}

#[test]
fn a_signature_that_an_earlier_version_kept_as_a_draft_is_a_picture_like_others() {
    let device = Device::new();
    let png = "iVBORw0KGgoAAAANSUhEUg==";
    let name = name_of(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    let draft =
        json!({"v": 1, "order_id": "o", "quote_id": "q", "png": png, "at": "2026-11-23T02:00:00Z"});
    device
        .engine
        .draft_put(&format!("signature:{name}"), &draft)
        .unwrap();
    device
        .engine
        .draft_put("weigh:o", &json!({"rows": []}))
        .unwrap();
    assert_eq!(
        device.block_on(device.engine.picture(&name)).unwrap().data,
        png
    );
    assert_eq!(waiting(&device), 1, "and is brought up now");
    let left = device.engine.drafts().unwrap();
    assert_eq!(
        left.iter()
            .map(|draft| draft.key.as_str())
            .collect::<Vec<_>>(),
        ["weigh:o"]
    );
}

#[test]
fn what_was_up_is_brought_again_to_a_server_that_was_set_back() {
    let (server, device) = (Server::new(&scopes()), Device::new());
    let (_, _) = server.book(2);
    device.round(&server).unwrap();
    let before = server.backup();
    let (lost, kept) = (picture(PART + 5, 4), picture(PART + 5, 5));
    let (shelf, restored) = (Shelf::default(), Shelf::default());
    for bytes in [&lost, &kept] {
        device.engine.put_blob(bytes).unwrap();
    }
    device.bring(&shelf).unwrap();
    device.round(&server).unwrap();
    assert_eq!(waiting(&device), 0);
    // Only one of them is in what was put back.
    let known = (name_of(&kept), kept.clone());
    restored.whole.lock().unwrap().extend([known]);
    server.restore(&before);
    device.round(&server).unwrap();
    assert_eq!(waiting(&device), 2);
    assert_eq!(device.bring(&restored).unwrap(), 2);
    let starts = restored.starts();
    assert_eq!(
        starts.len(),
        3,
        "one it still has costs one piece: {starts:?}"
    );
    assert_eq!(restored.whole.lock().unwrap()[&name_of(&lost)], lost);
    assert_eq!(waiting(&device), 0);
}

#[test]
fn a_picture_that_a_server_forgot_unnoticed_is_asked_for_once_a_day_and_brought_again() {
    let (device, shelf) = (Device::new(), Shelf::default());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let main = device.engine.main();
    let ask = |now| runtime.block_on(blobs::look_after(&main, &shelf, now));
    assert_eq!(ask(false).unwrap(), 0, "nothing is up");
    let (lost, kept) = (picture(PART + 5, 6), picture(PART + 5, 7));
    for bytes in [&lost, &kept] {
        device.engine.put_blob(bytes).unwrap();
    }
    assert_eq!(device.bring(&shelf).unwrap(), 2);
    let forget = |bytes: &[u8]| shelf.whole.lock().unwrap().remove(&name_of(bytes)).unwrap();
    forget(&lost);
    shelf.befall(&[Fault::Lost]);
    ask(false).unwrap_err();
    assert_eq!(waiting(&device), 0, "nothing is known yet");
    assert_eq!(ask(false).unwrap(), 1);
    assert_eq!(waiting(&device), 1);
    assert_eq!(device.bring(&shelf).unwrap(), 1);
    assert_eq!(shelf.whole.lock().unwrap()[&name_of(&lost)], lost);
    forget(&kept);
    assert_eq!(ask(false).unwrap(), 0, "asked today");
    assert_eq!(ask(true).unwrap(), 1);
}
