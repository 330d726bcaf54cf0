//! `bedsc check`

use std::path::PathBuf;

use clap::Args;

use crate::{Format, Input};

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Templates, and folders of templates
    #[arg(default_value = "templates")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    input: Input,
}

impl Check {
    pub(crate) fn run(&self) -> bool {
        let Some(output) = self.input.compile(&self.paths) else { return false };
        if self.input.format == Format::Human {
            let (count, s) = (output.domains.len(), if output.domains.len() == 1 { "" } else { "s" });
            anstream::println!("{count} template{s}, no errors");
        }
        true
    }
}
