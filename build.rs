//! Compiles `templates/*_rec.toml` into the domains that `src/lib.rs` includes.

fn main() {
    beds_codegen::Compiler::new().templates("templates").pipelines("schema/mongodb").compile_or_exit();
}
