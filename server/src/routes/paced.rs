//! Request bodies that have to come at a certain pace: who sends a byte now and then would otherwise hold a request for
//! as long as it may take.

use crate::{config::Pace, problem::Problem};
use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};
use std::{
    error::Error,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::time::{Duration, Instant, Sleep, sleep};

/// The sender is too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body comes too slowly")]
pub struct TooSlow;

/// A body whose sender keeps the pace.
pub struct Paced {
    body: Body,
    pace: Pace,
    bytes: u64,
    waited: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Paced {
    /// At this pace.
    #[must_use]
    pub const fn new(body: Body, pace: Pace) -> Self {
        Self {
            body,
            pace,
            bytes: 0,
            waited: Duration::ZERO,
            waiting: None,
        }
    }

    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let left = self.pace.allowed(self.bytes).saturating_sub(self.waited);
        let begin = || (Instant::now(), Box::pin(sleep(left)));
        let (_, end) = self.waiting.get_or_insert_with(begin);
        end.as_mut().poll(cx)
    }
}

impl http_body::Body for Paced {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            ready!(self.wait(cx));
            return Poll::Ready(Some(Err(Box::new(TooSlow))));
        };
        if let Some((since, _)) = self.waiting.take() {
            self.waited += since.elapsed();
        }
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.bytes += data.len() as u64;
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The whole body, at most so many bytes.
///
/// # Errors
/// 413 `body_too_large`, 408 `body_too_slow`, 400 `malformed_json` for one that breaks off.
pub async fn whole(mut body: Paced, most: usize) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut more = Vec::new();
    while let Some(frame) = poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut body), cx)).await
    {
        let frame = frame.map_err(|error| broken(&*error))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.len() + more.len() + data.len() > most {
            return Err(Problem::new(413, "body_too_large"));
        }
        if first.is_empty() {
            first = data;
        } else {
            more.extend_from_slice(&data);
        }
    }
    if more.is_empty() {
        return Ok(first);
    }
    Ok([&first[..], &more].concat().into())
}

/// What kept a body from being read: 408 where its sender was too slow.
#[must_use]
pub fn broken(error: &(dyn Error + 'static)) -> Problem {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<TooSlow>() {
            return Problem::new(408, "body_too_slow");
        }
        cause = error.source();
    }
    Problem::new(400, "malformed_json")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures_util::stream;

    /// Chunks of ten bytes; after the last the end, or nothing ever.
    fn body(chunks: usize, ends: bool, grace: Duration) -> Paced {
        let chunks = stream::unfold(0, move |sent| async move {
            // Each chunk is waited for.
            tokio::task::yield_now().await;
            if sent < chunks {
                return Some((
                    Ok::<_, TooSlow>(Bytes::from_static(b"0123456789")),
                    sent + 1,
                ));
            }
            if !ends {
                std::future::pending::<()>().await;
            }
            None
        });
        let rate = u64::MAX;
        Paced::new(Body::from_stream(chunks), Pace { grace, rate })
    }

    const LONG: Duration = Duration::from_secs(600);

    #[tokio::test]
    async fn who_keeps_the_pace_is_read_to_the_end() {
        assert_eq!(whole(body(3, true, LONG), 100).await.unwrap().len(), 30);
        assert!(whole(body(0, true, LONG), 100).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn who_keeps_the_server_waiting_is_given_up() {
        for chunks in 0..3 {
            let body = body(chunks, false, Duration::from_millis(5));
            let problem = whole(body, 100).await.unwrap_err();
            assert_eq!(
                (problem.status, problem.code.as_str()),
                (408, "body_too_slow")
            );
        }
    }

    #[tokio::test]
    async fn what_is_too_large_is_read_no_further() {
        assert_eq!(
            whole(body(3, false, LONG), 19).await.unwrap_err().status,
            413
        );
    }
}
