//! A node for databases that were not written for BEDS: nothing but imported templates.

#[allow(missing_docs, reason = "generated")]
mod domains {
    include!(concat!(env!("OUT_DIR"), "/beds.rs"));
}

fn main() -> std::process::ExitCode {
    beds_runtime::cli::run::<domains::Domains>()
}
