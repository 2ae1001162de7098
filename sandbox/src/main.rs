//! `huishou-sandbox serve`: the outside services on loopback.

use std::{
    io::{self, Write},
    net::SocketAddr,
};

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use huishou_sandbox::{Sandbox, serve_until, wechat::Account};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

/// Plays the outside services on loopback, with faults on demand.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves until SIGTERM or Ctrl-C; prints `listening on http://…` when ready.
    Serve(Serve),
}

#[derive(Args)]
struct Serve {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "HUISHOU_SANDBOX_LISTEN", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The mini-program's AppID.
    #[arg(long, env = "HUISHOU_SANDBOX_WECHAT_APPID", default_value_t = Account::default().appid)]
    wechat_appid: String,
    /// The mini-program's AppSecret.
    #[arg(long, env = "HUISHOU_SANDBOX_WECHAT_SECRET", hide_env_values = true, default_value_t = Account::default().secret)]
    wechat_secret: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
    match Cli::parse().command {
        Command::Serve(options) => run(options).await,
    }
}

async fn run(options: Serve) -> anyhow::Result<()> {
    let Serve {
        listen,
        wechat_appid: appid,
        wechat_secret: secret,
    } = options;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "listening beyond loopback: anyone who can reach it can play a WeChat user");
    }
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    };
    announce(address)?;
    serve_until(listener, Sandbox::new(Account { appid, secret }), stop)
        .await
        .context("serving failed")
}

fn announce(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on http://{address}")?;
    out.flush()
}
