//! `huishou-server`: see [`huishou_server::cli`].

/// The allocator of the engine's programs: requests are many small texts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    huishou_server::cli::main()
}
