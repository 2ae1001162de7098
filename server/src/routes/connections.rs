//! The server's connections: bounded in number, each with times for a request's head, for being idle and for taking an
//! answer. A watch looks over them twice a second, so that a request costs no timer; at the end they are drained.

mod stream;
mod watched;

use crate::config::{Guard, Pace};
use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{ConnectInfo, Request},
    response::Response,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use stream::Stream;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;
use tower::Service;
use watched::{Times, Watched};

/// Between two looks of the watch.
const LOOK: Duration = Duration::from_millis(500);
/// How long a new connection waits for one that is closed to make room.
const ROOM: Duration = Duration::from_secs(1);
/// After an error of the listener that is not one connection's: no files left, usually.
const BREATH: Duration = Duration::from_millis(50);

/// All connections.
struct Connections {
    open: Mutex<Vec<Arc<Watched>>>,
    room: Arc<Semaphore>,
    most: u32,
    times: Times,
    head_bytes: usize,
}

impl Connections {
    fn new(guard: &Guard) -> Self {
        let most = u32::try_from(guard.connections).unwrap_or(u32::MAX >> 4);
        Self {
            open: Mutex::default(),
            room: Arc::new(Semaphore::new(most as usize)),
            most,
            times: Times {
                head: Duration::from_secs(guard.header_seconds),
                idle: Duration::from_secs(guard.idle_seconds),
                answer: Pace { ..guard.pace() },
            },
            // Somewhat above what is told with a problem: beyond, the answer is a bare 431.
            head_bytes: guard.header_bytes.saturating_mul(2),
        }
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Watched>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hangs up on who is overdue; forgets who has gone.
    fn look(&self) {
        let mut open = self.all();
        open.retain(|watched| !watched.is_over());
        metrics::gauge!("http_connections").set(u32::try_from(open.len()).unwrap_or(u32::MAX));
        for watched in open.iter() {
            if let Some(why) = watched.overdue(&self.times) {
                metrics::counter!("http_connections_closed_total", "why" => why).increment(1);
                watched.hang_up();
            }
        }
    }

    /// Hangs up on the one that has been without a request longest; false where all are at work.
    fn make_room(&self) -> bool {
        let open = self.all();
        let idle = open.iter().filter_map(|w| Some((w.idle_since()?, w)));
        if let Some((_, watched)) = idle.min_by_key(|(since, _)| *since) {
            metrics::counter!("http_connections_closed_total", "why" => "room").increment(1);
            watched.hang_up();
            return true;
        }
        false
    }
}

/// Serves `router` until `stop`; requests that run then are finished.
///
/// # Errors
/// None at present: a listener that fails is asked again.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    guard: &Guard,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let connections = Arc::new(Connections::new(guard));
    let mut look = tokio::time::interval(LOOK);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            _ = look.tick() => {
                connections.look();
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => take(&connections, stream, from, &router, &stop).await,
            Err(error) if is_one_connections(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be taken");
                connections.make_room();
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    drain(&connections).await;
    Ok(())
}

fn is_one_connections(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Waits until all have gone; slow ones are still hung up on.
async fn drain(connections: &Connections) {
    let mut look = tokio::time::interval(LOOK);
    let mut gone = pin!(connections.room.acquire_many(connections.most));
    loop {
        tokio::select! {
            _ = &mut gone => return,
            _ = look.tick() => connections.look(),
        }
    }
}

async fn take(
    connections: &Arc<Connections>,
    stream: TcpStream,
    from: SocketAddr,
    router: &Router,
    stop: &CancellationToken,
) {
    let room = Arc::clone(&connections.room);
    let place = match Arc::clone(&room).try_acquire_owned() {
        Ok(place) => place,
        Err(_) => {
            // Where all are at work this one is hung up on, and comes again.
            if !connections.make_room() {
                return;
            }
            match tokio::time::timeout(ROOM, room.acquire_owned()).await {
                Ok(Ok(place)) => place,
                Ok(Err(_)) | Err(_) => return,
            }
        }
    };
    // An answer is written whole: waiting for more only holds it back.
    let _ = stream.set_nodelay(true);
    let watched = Arc::new(Watched::new());
    connections.all().push(Arc::clone(&watched));
    let (router, stop, head) = (router.clone(), stop.clone(), connections.head_bytes);
    tokio::spawn(async move {
        run(stream, from, router, &watched, stop, head).await;
        watched.gone();
        drop(place);
    });
}

async fn run(
    stream: TcpStream,
    from: SocketAddr,
    router: Router,
    watched: &Arc<Watched>,
    stop: CancellationToken,
    head_bytes: usize,
) {
    let service = service_fn(|request: Request<Incoming>| {
        watched.begin();
        let mut router = router.clone();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(from));
        let watched = Arc::clone(watched);
        async move {
            let response = router.call(request).await?;
            Ok::<_, Infallible>(until_sent(response, watched))
        }
    });
    let io = TokioIo::new(Stream::new(stream, Arc::clone(watched)));
    let mut http = http1::Builder::new();
    http.header_read_timeout(None).max_header_size(head_bytes);
    let mut connection = pin!(http.serve_connection(io, service));
    let mut stopped = pin!(stop.cancelled());
    let mut is_stopping = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::trace!(%error, "a connection broke off");
                }
                return;
            }
            () = watched.hung_up() => return,
            () = stopped.as_mut(), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// A whole answer is written at once; one that streams keeps its connection from counting as idle until it ends.
fn until_sent(response: Response, watched: Arc<Watched>) -> Response {
    if response.body().size_hint().exact().is_some() {
        watched.end();
        return response;
    }
    response.map(|body| Body::new(Streaming { body, watched }))
}

/// A body that ends when it is dropped.
struct Streaming {
    body: Body,
    watched: Arc<Watched>,
}

impl Drop for Streaming {
    fn drop(&mut self) {
        self.watched.end();
    }
}

impl HttpBody for Streaming {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
