//! `beds completions`, `beds man`: what a shell and its reader want to know of the command line.

use std::{env, fs, io, path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> ExitCode {
        // A project's own binary has another name.
        let path = env::args_os().next().map(PathBuf::from);
        let name = path.as_deref().and_then(|path| path.file_stem()?.to_str()).unwrap_or("beds");
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), name, &mut text);
        exit(io::Write::write_all(&mut io::stdout().lock(), &text))
    }
}

#[derive(Debug, Args)]
pub(super) struct Man {
    /// Where to write beds.1 and a page a command; without it, beds.1 goes to standard output
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(&self) -> ExitCode {
        exit(match &self.out {
            Some(folder) => {
                fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
            }
            None => clap_mangen::Man::new(Cli::command()).render(&mut io::stdout().lock()),
        })
    }
}

fn exit(written: io::Result<()>) -> ExitCode {
    match written {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has read enough: `beds man | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("beds: {error}");
            ExitCode::FAILURE
        }
    }
}
