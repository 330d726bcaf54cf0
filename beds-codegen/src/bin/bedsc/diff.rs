//! `bedsc diff`: which clients a change of templates breaks.

use std::path::PathBuf;

use beds_codegen::{
    Compiler,
    diff::{self, Effect},
};
use clap::Args;

use crate::{Format, Input};

#[derive(Debug, Args)]
#[command(after_help = "\
Each change is breaking (a client that did right is refused or misled), widening (clients may send more or see more) or
invisible (nothing changes on the wire).

Exit status: 0 when no client breaks, 1 when one does, 2 when a template cannot be read.")]
pub(crate) struct Diff {
    /// The template, or the folder of templates, that clients were built for
    old: PathBuf,
    /// The template, or the folder of templates, that comes
    new: PathBuf,
    /// Folder of the old templates' pipelines, where it is another
    #[arg(long, value_name = "FOLDER")]
    old_pipelines: Option<PathBuf>,
    #[command(flatten)]
    input: Input,
}

impl Diff {
    /// The exit status.
    pub(crate) fn run(&self) -> u8 {
        // Domains that are written by hand are of one tree, and have no old ones to compare with.
        let compile = |path: &PathBuf, pipelines: Option<&PathBuf>| {
            let pipelines = pipelines.or(self.input.pipelines.as_ref()).map(PathBuf::as_path);
            let compiler = Compiler::of_project(std::slice::from_ref(path), pipelines).domains("");
            self.input.compile_from(&compiler)
        };
        let (Some(old), Some(new)) =
            (compile(&self.old, self.old_pipelines.as_ref()), compile(&self.new, None))
        else {
            return 2;
        };
        let (old, new) = (old.all_domains(), new.all_domains());
        let changes = diff::changes(&old, &new);
        match self.input.format {
            Format::Json => {
                for change in &changes {
                    anstream::println!("{}", serde_json::to_string(change).unwrap_or_default());
                }
            }
            Format::Human => anstream::print!("{}", diff::render(&changes, diff::has_strangers(&old, &new))),
        }
        u8::from(changes.iter().any(|change| change.effect == Effect::Breaking))
    }
}
