//! `bedsc expand`

use std::path::PathBuf;

use beds_codegen::emit;
use clap::Args;

use crate::Input;

#[derive(Debug, Args)]
pub(crate) struct Expand {
    /// The template, or several, or folders of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Also show the factory over the templates
    #[arg(long)]
    factory: bool,
    #[command(flatten)]
    input: Input,
}

impl Expand {
    pub(crate) fn run(&self) -> bool {
        let Some(output) = self.input.compile(&self.paths) else { return false };
        for domain in &output.domains {
            anstream::println!("// beds/{}.rs\n{}", domain.name.value, emit::domain(domain));
        }
        if self.factory {
            anstream::println!(
                "// beds.rs\n{}",
                emit::factory(&output.domains, &output.hand_written, &output.functions)
            );
        }
        true
    }
}
