//! `bedsc check`

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use beds_codegen::load::FILE_BYTES_MAX;
use clap::{Args, ValueEnum};

use crate::{Format, Input};

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Templates, and folders of templates; `-` for one on standard input
    #[arg(default_value = "templates")]
    paths: Vec<PathBuf>,
    /// The name of the template on standard input in reports
    #[arg(long, value_name = "PATH", default_value = "stdin_rec.toml")]
    stdin_name: String,
    /// Treat these as errors
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
        let compiler = if self.paths == [Path::new("-")] {
            match stdin() {
                // An editor checks this template alone.
                Ok(bytes) => {
                    self.input.compiler(&[]).domains("").template_bytes(self.stdin_name.clone(), bytes)
                }
                Err(error) => {
                    anstream::eprintln!("standard input: {error}");
                    return false;
                }
            }
        } else {
            self.input.compiler(&self.paths)
        };
        let Some(output) = self.input.compile_from(&compiler) else { return false };
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

/// The text on standard input, within the size limit of a template.
pub(crate) fn stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("a template has at most {FILE_BYTES_MAX} bytes")));
    }
    Ok(bytes)
}
