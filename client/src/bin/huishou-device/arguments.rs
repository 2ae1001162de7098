//! What `huishou-device` can be told on its command line.

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// The app's engine without a window.
#[derive(Parser)]
#[command(version, about)]
pub struct Arguments {
    /// Folder of the store; made when absent.
    #[arg(long)]
    pub data: PathBuf,
    /// Server address, as http://127.0.0.1:8080; the stored one when absent.
    #[arg(long)]
    pub server: Option<String>,
    /// Work on the practice store, which is never pushed.
    #[arg(long)]
    pub practice: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Sign in; the password is read from standard input. With a pairing code the device is registered first.
    Login {
        /// Pairing code from an administrator.
        #[arg(long)]
        pairing: Option<String>,
        /// Sign-in name.
        #[arg(long)]
        username: String,
        /// A name people recognise the device by.
        #[arg(long, default_value = "huishou-device")]
        name: String,
    },
    /// Sign out; what is pending stays.
    Logout,
    /// How the device is being used.
    Session,
    /// Send what is pending.
    Push,
    /// Fetch what changed.
    Pull,
    /// Push, then pull.
    Sync,
    /// Push, pull, and compare every scope with the server's sums.
    Check,
    /// How sync stands.
    Status,
    /// All bodies of a kind: appointment, order, ticket, `price_book`, staff, station.
    List {
        /// Kind.
        kind: String,
    },
    /// One body of a kind.
    Show {
        /// Kind.
        kind: String,
        /// Id.
        id: String,
    },
    /// Do a command of the trade here and now; what is not given is filled in.
    Exec {
        /// `order.weigh` and the like.
        name: String,
        /// Arguments.
        json: String,
    },
    /// Price goods with the local book: `{"items": […], "appointment_id"?}`.
    Quote {
        /// Request.
        json: String,
    },
    /// Commands without a verdict.
    Pending,
    /// Every command, as the sync centre shows them.
    Mutations,
    /// Verdicts.
    Journal,
    /// Close a refused command.
    Discard {
        /// Its uid.
        uid: String,
    },
    /// Do a refused command again with other arguments.
    Resend {
        /// Its uid.
        uid: String,
        /// Arguments.
        json: String,
    },
    /// Check the store against itself. Exit status 0: sound; 1: cannot be checked; 2: something is wrong; 3: something
    /// still is after the repairs.
    VerifyStore {
        /// Which repair to look at, or every one that is on offer: marks, refetch, rebuild, salvage. Says what it does and
        /// what would be lost; nothing is done without `--yes`.
        #[arg(long, num_args = 0..=1, default_missing_value = "all", value_name = "NAME")]
        repair: Option<String>,
        /// Do it.
        #[arg(long, requires = "repair")]
        yes: bool,
    },
    /// Get the store's key back from the server after the keyring was reset; then sign in again.
    Recover {
        /// Pairing code from an administrator.
        #[arg(long)]
        pairing: String,
    },
    /// Set a store aside whose key is gone for good: the next command begins with a new one. Nothing is deleted.
    SetAside,
    /// Bring a store back that was set aside, or say which there are.
    BringBack {
        /// Its name.
        name: Option<String>,
    },
    /// Pictures: signatures and photos.
    Blob {
        /// What to do with it.
        #[command(subcommand)]
        what: Blob,
    },
    /// Write the support bundle.
    Diagnostics,
}

/// What to do with a picture.
#[derive(Subcommand)]
pub enum Blob {
    /// Keep a picture (JPEG, PNG or WebP, at most 10 MiB) and answer its name; it is brought up with the next sync.
    Put {
        /// The picture.
        file: PathBuf,
    },
    /// Write a picture's bytes: from here, or else from the server.
    Get {
        /// Its name: the SHA-256 of its bytes.
        hash: String,
        /// A file to write to; standard output when absent.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}
