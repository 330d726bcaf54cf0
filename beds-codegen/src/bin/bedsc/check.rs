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
            let plural = |count: usize| if count == 1 { "" } else { "s" };
            let (count, by_hand) = (output.domains.len(), output.hand_written.len());
            let by_hand = if by_hand == 0 {
                String::new()
            } else {
                format!(" and {by_hand} hand-written domain{}", plural(by_hand))
            };
            anstream::println!("{count} template{}{by_hand}, no errors", plural(count));
        }
        true
    }
}
