//! A node for databases that were not made for BEDS: it has only imported templates.

#[allow(missing_docs, reason = "generated")]
mod domains {
    include!(concat!(env!("OUT_DIR"), "/beds.rs"));
}

fn main() -> std::process::ExitCode {
    beds_runtime::cli::run::<domains::Domains>()
}
