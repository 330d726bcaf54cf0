//! Compiles the templates that `tests/access` walks through.

fn main() {
    beds_codegen::Compiler::new().templates("../templates").pipelines("../pipelines").compile_or_exit();
}
