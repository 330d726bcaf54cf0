//! `bedsc check`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::{Format, Input};

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Templates, and folders of templates
    #[arg(default_value = "templates")]
    paths: Vec<PathBuf>,
    /// Fail where something is only warned of
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
    #[command(flatten)]
    input: Input,
}

/// What is to count as an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Every warning
    Warnings,
}

impl Check {
    pub(crate) fn run(&self) -> bool {
        let Some(output) = self.input.compile(&self.paths) else { return false };
        let warnings = output.warnings.warnings();
        let is_denied = self.deny == Some(Deny::Warnings) && warnings > 0;
        if self.input.format == Format::Human {
            let plural = |count: usize| if count == 1 { "" } else { "s" };
            let (count, by_hand) = (output.domains.len(), output.hand_written.len());
            let by_hand = if by_hand == 0 {
                String::new()
            } else {
                format!(" and {by_hand} hand-written domain{}", plural(by_hand))
            };
            let warned = match (warnings, is_denied) {
                (0, _) => String::new(),
                (_, false) => format!(", {warnings} warning{}", plural(warnings)),
                (_, true) => {
                    format!(", {warnings} warning{}, which `--deny warnings` refuses", plural(warnings))
                }
            };
            anstream::println!("{count} template{}{by_hand}, no errors{warned}", plural(count));
        }
        !is_denied
    }
}
