//! Hints that something has changed (sync.md 22): `GET /sync/v1/events`, as a stream of events where the way to the
//! server lets one through, else over short connections, else by long poll, else not at all. A hint says when to pull and
//! never what: whatever is lost here, the next poll finds.

use super::http::Http;
use crate::error::Error;
use rand::Rng;
use reqwest::{Method, Response, StatusCode, header};
use serde::Deserialize;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

const PATH: &str = "/sync/v1/events";
/// A line of an event is far shorter.
const LONGEST_LINE: usize = 16 * 1024;

/// How hints come, each way for where the one before does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Way {
    /// One connection for minutes.
    #[default]
    Stream,
    /// Connections that end soon: for lines that drop long ones without a word.
    Short,
    /// One question, one answer: for proxies that hold an answer back until it is whole.
    LongPoll,
    /// Not at all; the jittered poll goes on as always.
    Poll,
}

impl Way {
    const fn next(self) -> Self {
        match self {
            Self::Stream => Self::Short,
            Self::Short => Self::LongPoll,
            Self::LongPoll | Self::Poll => Self::Poll,
        }
    }
}

/// How one attempt went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Something came, a hint or a sign of life, and the connection ended as it should.
    Something,
    /// Something came, then nothing more: the line is dead and nobody said so.
    Hung,
    /// Connected, and nothing came at all: somebody holds it back.
    Nothing,
    /// The server has no hints to give on this way.
    NotThere,
    /// The server asks for patience.
    Busy,
    /// The token is no good.
    SignedOut,
    /// No connection.
    Away,
}

/// Times of listening; tests have shorter ones.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The server gives a sign of life every 15 s: after so much silence there is none.
    pub silence: Duration,
    /// How long a short connection is asked to last.
    pub short: Duration,
    /// How long a long poll is asked to wait.
    pub wait: Duration,
    /// Before the next attempt.
    pub pause: Duration,
    /// Before the next attempt while there is no network.
    pub away: Duration,
    /// Before all ways are tried anew.
    pub rest: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(40),
            short: Duration::from_secs(20),
            wait: Duration::from_secs(25),
            pause: Duration::from_millis(500),
            away: Duration::from_secs(5),
            rest: Duration::from_secs(15 * 60),
        }
    }
}

/// Which way is used, by how it went so far.
#[derive(Debug, Default)]
pub struct Ladder {
    way: Way,
    hung: u32,
    was_away: bool,
}

impl Ladder {
    /// The way to try now.
    #[must_use]
    pub const fn way(&self) -> Way {
        self.way
    }

    /// There was no network at the last attempt.
    #[must_use]
    pub const fn was_away(&self) -> bool {
        self.was_away
    }

    /// Notes how an attempt went; how long to wait before the next, jittered.
    pub fn after(&mut self, heard: Heard, pace: &Pace) -> Duration {
        if heard == Heard::Away {
            // Another network may let through what this one did not.
            *self = Self {
                was_away: true,
                ..Self::default()
            };
            return jittered(pace.away);
        }
        self.was_away = false;
        self.hung = if heard == Heard::Hung {
            self.hung + 1
        } else {
            0
        };
        match heard {
            Heard::Something | Heard::SignedOut | Heard::Away => {}
            // Once may be chance.
            Heard::Hung if self.hung < 2 => {}
            Heard::Hung | Heard::Nothing => self.step(),
            Heard::NotThere => self.way = Way::Poll,
            Heard::Busy => return jittered(pace.away * 6),
        }
        if self.way == Way::Poll {
            self.way = Way::Stream;
            return jittered(pace.rest);
        }
        jittered(pace.pause)
    }

    fn step(&mut self) {
        self.way = self.way.next();
        self.hung = 0;
        tracing::info!(way = ?self.way, "hints come another way");
    }
}

/// Between half and one and a half of it.
fn jittered(time: Duration) -> Duration {
    time.mul_f64(rand::rng().random_range(0.5..1.5))
}

/// What the server said last.
#[derive(Debug, Default)]
pub struct Ear {
    head: Option<i64>,
}

impl Ear {
    /// Whether this head is news.
    fn is_news(&mut self, head: i64) -> bool {
        let news = self.head != Some(head);
        self.head = Some(head);
        news
    }
}

/// What listening tells while it goes on.
pub trait Listener: Send + Sync {
    /// The server answers: the network is there.
    fn connected(&self);
    /// Something has changed.
    fn hint(&self);
}

/// One attempt: until the connection ends, fails or falls silent.
pub async fn listen(
    http: &Http,
    token: &str,
    way: Way,
    pace: &Pace,
    ear: &mut Ear,
    listener: &impl Listener,
) -> Heard {
    let asked = match way {
        // What came between two connections is told at once.
        Way::Stream => match ear.head {
            Some(head) => format!("{PATH}?since={head}"),
            None => PATH.to_owned(),
        },
        Way::Short => {
            let since = ear.head.unwrap_or(0);
            format!("{PATH}?life={}&since={since}", pace.short.as_secs())
        }
        Way::LongPoll => {
            let since = ear.head.unwrap_or(0);
            format!("{PATH}?wait={}&since={since}", pace.wait.as_secs())
        }
        Way::Poll => return Heard::NotThere,
    };
    let patience = match way {
        Way::LongPoll => pace.wait + pace.silence,
        _ => pace.silence,
    };
    let request = http
        .request(Method::GET, &asked)
        .bearer_auth(token)
        .header(header::ACCEPT, "text/event-stream, application/json")
        .header(header::ACCEPT_ENCODING, "identity")
        // Silence ends it, not age.
        .timeout(Duration::from_secs(24 * 3_600));
    let answer = match timeout(patience, request.send()).await {
        Err(_) => return Heard::Nothing,
        Ok(Err(error)) if error.is_connect() => return Heard::Away,
        Ok(Err(_)) => return Heard::Nothing,
        Ok(Ok(answer)) => answer,
    };
    listener.connected();
    match answer.status() {
        StatusCode::OK if way == Way::LongPoll => polled(answer, patience, ear, listener).await,
        StatusCode::OK => {
            let until = (way == Way::Short).then(|| Instant::now() + pace.short + pace.silence / 4);
            streamed(answer, pace.silence, until, ear, listener).await
        }
        StatusCode::NO_CONTENT => Heard::Something,
        StatusCode::UNAUTHORIZED => Heard::SignedOut,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Heard::Busy,
        status if status.is_server_error() => Heard::Hung,
        _ => Heard::NotThere,
    }
}

#[derive(Deserialize)]
struct News {
    head: i64,
}

async fn polled(
    answer: Response,
    patience: Duration,
    ear: &mut Ear,
    listener: &impl Listener,
) -> Heard {
    let Ok(Ok(body)) = timeout(patience, answer.bytes()).await else {
        return Heard::Hung;
    };
    match serde_json::from_slice::<News>(&body) {
        Ok(news) => {
            if ear.is_news(news.head) {
                listener.hint();
            }
            Heard::Something
        }
        Err(_) => Heard::NotThere,
    }
}

async fn streamed(
    mut answer: Response,
    silence: Duration,
    until: Option<Instant>,
    ear: &mut Ear,
    listener: &impl Listener,
) -> Heard {
    let (mut line, mut came) = (Vec::new(), false);
    loop {
        let quiet = Instant::now() + silence;
        let patience = until.map_or(quiet, |until| until.min(quiet));
        let chunk = match timeout_at(patience, answer.chunk()).await {
            Err(_) if came && until.is_some_and(|until| Instant::now() >= until) => {
                return Heard::Something;
            }
            Err(_) | Ok(Err(_)) if came => return Heard::Hung,
            Err(_) | Ok(Err(_)) => return Heard::Nothing,
            Ok(Ok(None)) if came => return Heard::Something,
            Ok(Ok(None)) => return Heard::Nothing,
            Ok(Ok(Some(chunk))) => chunk,
        };
        came |= !chunk.is_empty();
        for byte in chunk {
            match byte {
                b'\n' => {
                    if event(&line).is_some_and(|head| ear.is_news(head)) {
                        listener.hint();
                    }
                    line.clear();
                }
                _ if line.len() < LONGEST_LINE => line.push(byte),
                _ => return Heard::Hung,
            }
        }
    }
}

/// The head in a line of an event; comments and other lines say nothing.
fn event(line: &[u8]) -> Option<i64> {
    let data = line.strip_prefix(b"data:")?;
    let news: News = serde_json::from_slice(data.trim_ascii()).ok()?;
    Some(news.head)
}

/// Whether a failure of a round means that there was no network.
#[must_use]
pub const fn is_away(error: &Error) -> bool {
    matches!(error, Error::Offline(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        silence: Duration::from_secs(1),
        short: Duration::from_secs(1),
        wait: Duration::from_secs(1),
        pause: Duration::from_secs(1),
        away: Duration::from_secs(10),
        rest: Duration::from_secs(1000),
    };

    fn after(heard: &[Heard]) -> (Way, Duration) {
        let mut ladder = Ladder::default();
        let mut pause = Duration::ZERO;
        for one in heard {
            pause = ladder.after(*one, &PACE);
        }
        (ladder.way(), pause)
    }

    #[test]
    fn each_way_gives_way_to_the_next_and_the_last_to_the_poll() {
        use Heard::{Hung, NotThere, Nothing, Something};
        assert_eq!(after(&[Something, Something]).0, Way::Stream);
        assert_eq!(after(&[Hung]).0, Way::Stream, "once may be chance");
        assert_eq!(after(&[Hung, Something, Hung]).0, Way::Stream);
        assert_eq!(after(&[Hung, Hung]).0, Way::Short);
        assert_eq!(after(&[Nothing]).0, Way::Short);
        assert_eq!(after(&[Nothing, Nothing]).0, Way::LongPoll);
        for given_up in [&[Nothing, Nothing, Nothing][..], &[NotThere]] {
            let (way, pause) = after(given_up);
            assert_eq!(way, Way::Stream, "after a rest all is tried anew");
            assert!(pause >= PACE.rest / 2, "{pause:?}");
        }
    }

    #[test]
    fn another_network_is_another_chance() {
        use Heard::{Away, Busy, Nothing};
        let (way, pause) = after(&[Nothing, Nothing, Away]);
        assert_eq!(way, Way::Stream);
        assert!(pause >= PACE.away / 2 && pause <= PACE.away * 2);
        let (way, pause) = after(&[Nothing, Busy]);
        assert_eq!(way, Way::Short, "patience is no failure");
        assert!(pause >= PACE.away * 3);
    }

    #[test]
    fn only_data_with_a_head_is_a_hint() {
        assert_eq!(event(br#"data: {"scope":"admin","head":123}"#), Some(123));
        assert_eq!(event(b"data:{\"head\":5,\"more\":1}\r"), Some(5));
        for nothing in [
            &b": still here"[..],
            b"event: head",
            b"data: {}",
            b"data: x",
            b"",
        ] {
            assert_eq!(event(nothing), None);
        }
        let mut ear = Ear::default();
        assert!(ear.is_news(5) && !ear.is_news(5) && ear.is_news(4));
    }
}
