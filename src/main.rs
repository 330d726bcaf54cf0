//! The node's binary.

fn main() -> std::process::ExitCode {
    beds_runtime::cli::run::<beds::domains::Domains>()
}
