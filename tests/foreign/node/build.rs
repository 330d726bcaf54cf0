//! Compiles the templates that `tests/import.rs` compares with what `beds import` writes.

fn main() {
    beds_codegen::Compiler::new().templates("../templates").compile_or_exit();
}
