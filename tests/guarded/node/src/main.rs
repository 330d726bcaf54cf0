//! A node whose templates restrict who may do what, on both engines.

#[allow(missing_docs, unreachable_pub, reason = "generated")]
mod domains {
    include!(concat!(env!("OUT_DIR"), "/beds.rs"));
}

fn main() -> std::process::ExitCode {
    beds_runtime::cli::run::<domains::Domains>()
}
