//! Compiles the templates that `tests/import.rs` compares with the output of `beds import`.

fn main() {
    beds_codegen::Compiler::new().templates("../templates").compile_or_exit();
}
