//! `bedsc completions`, `bedsc man`: what a shell and its reader want to know of the command line.

use std::{fs, io, path::PathBuf};

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::Cli;

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self) -> bool {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "bedsc", &mut text);
        anstream::print!("{}", String::from_utf8_lossy(&text));
        true
    }
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Where to write bedsc.1 and a page per command; without it, bedsc.1 goes to standard output
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(&self) -> bool {
        let written = match &self.out {
            Some(folder) => {
                fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
            }
            None => clap_mangen::Man::new(Cli::command()).render(&mut io::stdout().lock()),
        };
        if let Err(error) = &written {
            anstream::eprintln!("{error}");
        }
        written.is_ok()
    }
}
