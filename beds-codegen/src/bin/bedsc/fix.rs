//! `bedsc fix`: mends what a machine can mend.

use std::path::PathBuf;

use beds_codegen::mend::MendedFile;
use clap::Args;

use crate::{Input, write};

#[derive(Debug, Args)]
pub(crate) struct Fix {
    /// Templates, and folders of templates; the pipelines that they name are fixed, too
    #[arg(default_value = "templates")]
    paths: Vec<PathBuf>,
    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    input: Input,
}

impl Fix {
    /// Success means that no error remains.
    pub(crate) fn run(&self) -> bool {
        let mended = self.input.compiler(&self.paths).mend();
        let is_written = mended.files.iter().all(|file| if self.dry_run { show(file) } else { save(file) });
        self.input.print(&mended.report);
        let errors = mended.report.errors();
        if errors > 0 {
            anstream::eprintln!("{errors} left to fix by hand; `bedsc explain CODE` tells more about each");
        } else if mended.files.is_empty() {
            anstream::eprintln!("nothing to fix");
        }
        is_written && errors == 0
    }
}

fn show(file: &MendedFile) -> bool {
    if file.is_reencoded {
        anstream::println!("{} would be written as UTF-8", file.path);
    }
    anstream::print!("{}", write::difference(&file.path, &file.before, &file.after));
    true
}

fn save(file: &MendedFile) -> bool {
    let is_written = write::replace(&PathBuf::from(&file.path), &file.after);
    if is_written {
        let s = if file.count == 1 { "" } else { "s" };
        anstream::eprintln!("fixed {} mistake{s} in {}", file.count, file.path);
    }
    is_written
}
