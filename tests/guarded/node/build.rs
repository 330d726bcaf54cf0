//! Compiles the templates of `tests/access`, and those with functions that misbehave.

fn main() {
    let compiler = beds_codegen::Compiler::new().templates("../templates").templates("../wayward");
    compiler.pipelines("../pipelines").compile_or_exit();
}
