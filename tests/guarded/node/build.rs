//! Compiles the templates that `tests/access` walks through, and those of functions that do not do as they should.

fn main() {
    let compiler = beds_codegen::Compiler::new().templates("../templates").templates("../wayward");
    compiler.pipelines("../pipelines").compile_or_exit();
}
