//! `huishou-server`: see [`huishou_server::cli`].

fn main() -> std::process::ExitCode {
    huishou_server::cli::main()
}
