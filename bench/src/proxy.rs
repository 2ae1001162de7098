//! A TCP proxy on loopback that counts the bytes of both directions; the same one stands before either server.

use anyhow::Result;
use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// Bytes that one read moves at most.
const BUFFER: usize = 64 * 1024;

/// Bytes that went through, headers and all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// From clients to the server.
    pub up: u64,
    /// From the server to clients.
    pub down: u64,
}

impl Moved {
    /// Both directions.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.up + self.down
    }

    /// What has moved since `before`.
    #[must_use]
    pub const fn since(self, before: Self) -> Self {
        Self {
            up: self.up - before.up,
            down: self.down - before.down,
        }
    }
}

/// A running proxy; it ends with the process.
#[derive(Debug, Clone)]
pub struct Proxy {
    address: SocketAddr,
    up: Arc<AtomicU64>,
    down: Arc<AtomicU64>,
}

impl Proxy {
    /// Before the server at `server` (`http://127.0.0.1:PORT`).
    ///
    /// # Errors
    /// The address is none, or no port is free.
    pub fn before(server: &str) -> Result<Self> {
        let server: SocketAddr = server.trim_start_matches("http://").parse()?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let proxy = Self {
            address: listener.local_addr()?,
            up: Arc::default(),
            down: Arc::default(),
        };
        let (up, down) = (Arc::clone(&proxy.up), Arc::clone(&proxy.down));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // A server that is gone closes the client's connection, as without a proxy.
                let _ = connect(client, server, &up, &down);
            }
        });
        Ok(proxy)
    }

    /// Its address, as a client is told.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What has moved so far.
    #[must_use]
    pub fn moved(&self) -> Moved {
        Moved {
            up: self.up.load(Ordering::SeqCst),
            down: self.down.load(Ordering::SeqCst),
        }
    }
}

fn connect(
    client: TcpStream,
    server: SocketAddr,
    up: &Arc<AtomicU64>,
    down: &Arc<AtomicU64>,
) -> Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    copy(client.try_clone()?, server.try_clone()?, Arc::clone(up));
    copy(server, client, Arc::clone(down));
    Ok(())
}

fn copy(mut from: TcpStream, mut to: TcpStream, counter: Arc<AtomicU64>) {
    thread::spawn(move || {
        let mut buffer = vec![0_u8; BUFFER];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            counter.fetch_add(count as u64, Ordering::SeqCst);
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        // The other side may have closed first.
        let _ = to.shutdown(Shutdown::Write);
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_byte_of_both_directions_is_counted_once() {
        let server = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = format!("http://{}", server.local_addr().unwrap());
        let proxy = Proxy::before(&address).unwrap();
        let echo = thread::spawn(move || {
            let (mut peer, _) = server.accept().unwrap();
            let mut asked = [0_u8; 3];
            peer.read_exact(&mut asked).unwrap();
            peer.write_all(&[7_u8; 100_000]).unwrap();
        });
        let mut client = TcpStream::connect(proxy.address).unwrap();
        client.write_all(b"abc").unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        echo.join().unwrap();
        assert_eq!(answer.len(), 100_000);
        assert_eq!(
            proxy.moved(),
            Moved {
                up: 3,
                down: 100_000
            }
        );
    }
}
