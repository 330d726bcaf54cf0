//! `bedsc diff`: which clients a change of templates breaks.

use std::{
    fs,
    path::{Path, PathBuf},
};

use beds_codegen::{
    Compiler, Output,
    diff::{self, Effect, Stranger},
};
use clap::Args;
use toml_edit::{Array, DocumentMut, Item};

use crate::{Format, Input, write};

#[derive(Debug, Args)]
#[command(after_help = "\
Each change is breaking (a correct client is refused or misled), widening (clients may send more or see more) or
invisible (nothing changes on the wire).

Exit status: 0 when no client breaks, 1 when one does, 2 when a template cannot be read.")]
pub(crate) struct Diff {
    /// The template, or the folder of templates, that clients were built for
    old: PathBuf,
    /// The new template, or the folder of new templates
    new: PathBuf,
    /// Folder of the old templates' pipelines, if it differs
    #[arg(long, value_name = "FOLDER")]
    old_pipelines: Option<PathBuf>,
    /// Write the fingerprints of OLD into the templates of NEW that break none of its clients
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    input: Input,
}

impl Diff {
    /// Runs the command. Returns the exit status.
    pub(crate) fn run(&self) -> u8 {
        // Hand-written domains exist in one tree only, so there are no old ones to compare with.
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
        let (before, after) = (old.all_domains(), new.all_domains());
        let changes = diff::changes(&before, &after);
        let strangers = diff::strangers(&before, &after);
        match self.input.format {
            Format::Json => {
                for change in &changes {
                    anstream::println!("{}", serde_json::to_string(change).unwrap_or_default());
                }
            }
            Format::Human => anstream::print!("{}", diff::render(&changes, &strangers)),
        }
        if self.write && !strangers.iter().all(|stranger| add_fingerprints(stranger, &new)) {
            return 2;
        }
        u8::from(changes.iter().any(|change| change.effect == Effect::Breaking))
    }
}

/// Writes the fingerprints that clients of the old template send into the new template, if the change breaks none of
/// those clients. Returns false if the file cannot be written.
fn add_fingerprints(stranger: &Stranger<'_>, new: &Output) -> bool {
    let Stranger { domain, fingerprints, is_compatible: true } = stranger else { return true };
    let path = new.warnings.sources().path(domain.name.span.file);
    let added = fs::read_to_string(path).map_err(|error| error.to_string()).and_then(|text| {
        let mut document = text.parse::<DocumentMut>().map_err(|error| error.to_string())?;
        let known = document["template"]["compatible_with"].or_insert(Item::Value(Array::new().into()));
        let known = known.as_array_mut().ok_or("`compatible_with` is not a list")?;
        known.extend(fingerprints);
        Ok(document.to_string())
    });
    match added {
        Ok(text) => {
            let is_written = write::replace(Path::new(path), &text);
            if is_written {
                anstream::eprintln!("{path}: `compatible_with` has {}", fingerprints.join(", "));
            }
            is_written
        }
        Err(error) => {
            anstream::eprintln!("{path}: {error}");
            false
        }
    }
}
