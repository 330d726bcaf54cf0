//! The node's binary.

/// The system's allocator keeps the memory that a load needed, and is slower.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    beds_runtime::cli::run::<beds::domains::Domains>()
}
