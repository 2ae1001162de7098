//! What a server answers, and that it is right.

use super::{Answered, Message, Network, Shown, meddling};
use crate::{
    door,
    executor::Node,
    ledger::{
        pictures::{Added, Piece},
        rows::{self, Tables},
    },
    rules::Broken,
    server::SimHost,
    world::acts::short,
};
use huishou_domain::{
    ids::{DeviceId, StaffId},
    sync::message::{PullAnswer, PullRequest, PushRequest},
};
use huishou_server::{
    problem::Problem,
    sync::{
        cursor::Cursor,
        ports::Host,
        pull::{self, Caller},
        push,
    },
};
use std::sync::Arc;

const SHUT_OUT: &str = "a device that is shut out gets nothing more";
const WORN: &str = "a stolen token opens nothing";
/// What a pull's cursor is sealed with.
const CURSOR_KEY: [u8; 32] = [0x5e; 32];

impl Network {
    pub(super) async fn handle(
        &self,
        host: &SimHost,
        from: DeviceId,
        message: &Message,
        outdated: bool,
    ) -> Answered {
        let before = host.ledger.tables();
        let answered = self.route(host, from, message, outdated).await;
        self.must_be_right(host, from, message, &before, &answered);
        answered
    }

    async fn route(
        &self,
        host: &SimHost,
        from: DeviceId,
        message: &Message,
        outdated: bool,
    ) -> Answered {
        let (path, token, text) = match message {
            Message::Post { path, token, text } => (path.as_str(), token.as_deref(), text),
            Message::Piece(token, piece) => {
                let caller = door::admit(host, Some(token)).await?;
                return add(host, caller.device, piece).await;
            }
            Message::Parting(signed, piece) => {
                door::may_hand_piece_in(host, from, piece, signed).await?;
                return add(host, from, piece).await;
            }
        };
        match path {
            "/staff/v1/sessions/refresh" => write(&door::refresh(host, &read(text)?).await?),
            "/staff/v1/sessions" => write(&door::sign_in(host, &read(text)?).await?),
            "/sync/v1/quarantine" => write(&door::hand_in(host, &read(text)?).await?),
            "/sync/v1/blobs" => {
                door::admit(host, token).await?;
                write(&door::missing(host, &read(text)?).await?)
            }
            "/sync/v1/push" => {
                let caller = door::admit(host, token).await?;
                let mut request: PushRequest = read(text)?;
                if outdated {
                    request.schema = 0;
                }
                let unseen = self.meddling.withhold(&mut request);
                let answer = push::push(host, caller, &request).await?;
                write(&meddling::answer_for(answer, unseen))
            }
            "/sync/v1/pull" => {
                let caller = door::admit(host, token).await?;
                let mut request: PullRequest = read(text)?;
                if outdated {
                    request.schema = 0;
                }
                let now = host.now();
                let answer = pull::pull(&host.ledger, &CURSOR_KEY, caller, &request, now).await?;
                self.note_page(caller, &request, &answer);
                let answer = self.meddling.with_pull(&self.chance, answer);
                self.remember(host, caller.staff, &answer);
                write(&answer)
            }
            _ => Err(Problem::not_found()),
        }
    }

    /// Nothing is served to a device that was shut out when it asked, and no worn token is good for another.
    fn must_be_right(
        &self,
        host: &SimHost,
        from: DeviceId,
        message: &Message,
        before: &Tables,
        answered: &Answered,
    ) {
        let Message::Post { path, text, .. } = message else {
            return;
        };
        if answered.is_err() {
            return;
        }
        let is_shut = |tables: &Tables| rows::shut(tables, from.0).is_some();
        let leaves = path == "/sync/v1/quarantine";
        let what = if !leaves && is_shut(before) && is_shut(&host.ledger.tables()) {
            Broken {
                rule: SHUT_OUT,
                what: format!("{path} of {from} was served"),
            }
        } else if path == "/staff/v1/sessions/refresh"
            && read::<door::Refresh>(text).is_ok_and(|asked| asked.is_worn(before))
        {
            Broken {
                rule: WORN,
                what: format!("a worn token of {from} was good for another"),
            }
        } else {
            return;
        };
        self.inner().offences.push(what);
    }

    /// What servers did that they must not.
    #[must_use]
    pub fn take_offences(&self) -> Vec<Broken> {
        std::mem::take(&mut self.inner().offences)
    }

    /// What a page holds, for whoever reads the events.
    fn note_page(&self, caller: Caller, request: &PullRequest, answer: &PullAnswer) {
        if !self.trace.is_aloud() {
            return;
        }
        let at = |cursor: &str| {
            let cursor = Cursor::open(cursor, &CURSOR_KEY);
            cursor.map_or_else(
                |_| "unreadable".to_owned(),
                |c| {
                    let epoch = short(Some(c.epoch));
                    format!("{epoch}:{} tail {:?}", c.seq(), c.tail)
                },
            )
        };
        let from = request.cursor.as_deref().map(at);
        let puts: Vec<_> = answer
            .puts
            .iter()
            .map(|p| format!("{} {}@{}", p.kind.as_str(), short(Some(p.id)), p.version))
            .collect();
        let whole = if answer.complete { "last page" } else { "page" };
        let device = caller.device.0.as_u128() % 16 + 10;
        self.trace.note(
            Node(u32::try_from(device).unwrap_or(0)),
            format!(
                "{whole} from {from:?} to {}: {puts:?}, drops {:?}, reset {:?}, last {}/{}",
                at(&answer.cursor),
                answer.drops,
                answer.reset,
                answer.incarnation,
                answer.last_mutation,
            ),
        );
    }

    fn remember(&self, host: &SimHost, staff: StaffId, answer: &PullAnswer) {
        const KEPT: usize = 400;
        let Some(tables) = host.ledger.seen().filter(|_| answer.complete) else {
            return;
        };
        let shown = Shown {
            tables,
            answer: Arc::new(answer.clone()),
            staff,
        };
        let mut inner = self.inner();
        inner.shown.insert(answer.cursor.clone(), shown);
        inner.oldest.push_back(answer.cursor.clone());
        if inner.oldest.len() > KEPT
            && let Some(oldest) = inner.oldest.pop_front()
        {
            inner.shown.remove(&oldest);
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> std::result::Result<T, Problem> {
    serde_json::from_str(text).map_err(|error| Problem::internal(error.to_string()))
}

fn write(answer: &impl serde::Serialize) -> Answered {
    serde_json::to_string(answer).map_err(|error| Problem::internal(error.to_string()))
}

async fn add(host: &SimHost, device: DeviceId, piece: &Piece) -> Answered {
    match host.ledger.add_piece(device, piece).await? {
        Added::Whole => Ok("whole".to_owned()),
        Added::Upto(upto) => Ok(format!("upto {upto}")),
        Added::Elsewhere(at) => Err(Problem::new(409, "offset_mismatch").with("expected", &at)),
        Added::Mismatch => Err(Problem::new(422, "hash_mismatch")),
        Added::NoPiece => Err(Problem::new(400, "bad_content_range")),
    }
}
