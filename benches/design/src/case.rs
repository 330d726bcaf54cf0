//! A description with its samples, as files that anybody may add.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use beds_design::{
    converse::{self, Format, Recorded, Samples, Wish},
    proposal::{Contents, Round},
};
use beds_proof::Sample;

/// A description.
#[derive(Debug)]
pub(crate) struct Case {
    /// The name of its file.
    pub(crate) name: String,
    /// The wish.
    pub(crate) wish: Wish,
    /// The samples, for proofs.
    pub(crate) samples: Vec<Sample>,
    /// The folder of the kept conversation.
    recorded: PathBuf,
}

impl Case {
    /// All descriptions of a folder, by name.
    pub(crate) fn all(folder: &Path) -> Result<Vec<Self>> {
        let descriptions = folder.join("descriptions");
        let mut files = Vec::new();
        for entry in fs::read_dir(&descriptions).with_context(|| descriptions.display().to_string())? {
            files.push(entry?.path());
        }
        files.sort();
        let is_text = |path: &&PathBuf| path.extension().is_some_and(|end| end == "txt");
        files.iter().filter(is_text).map(|path| Self::read(path, &files, folder)).collect()
    }

    /// The description in a file; `NAME.csv` and `NAME-more.csv` beside `NAME.txt` are its samples.
    fn read(path: &Path, files: &[PathBuf], folder: &Path) -> Result<Self> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let description = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        ensure!(!description.trim().is_empty(), "{} says nothing", path.display());
        let (mut shown, mut samples) = (Vec::new(), Vec::new());
        for file in files {
            let file_name = file.file_name().unwrap_or_default().to_string_lossy();
            let Some(rest) = file_name.strip_prefix(&name) else { continue };
            let Some(format) = Format::of(&file_name).filter(|_| rest.starts_with(['.', '-'])) else {
                continue;
            };
            let bytes = fs::read(file).with_context(|| file.display().to_string())?;
            let read = Samples::read(&file_name, &bytes, format).map_err(|error| anyhow!(error.0))?;
            samples.push(Sample { name: file_name.into_owned(), records: read.records().to_vec() });
            shown.push(read);
        }
        // The samples are nobody's data, so the language model gets some of the records. Their content may try to
        // mislead it.
        let wish = Wish { description, samples: shown, sends_samples: true, ..Wish::default() };
        let recorded = folder.join("recorded").join(&name);
        Ok(Self { name, wish, samples, recorded })
    }

    /// Whether a conversation about the description is kept.
    pub(crate) fn is_recorded(&self) -> bool {
        self.recorded.join("rounds").exists()
    }

    /// The kept conversation.
    pub(crate) fn recorded(&self) -> Result<Recorded> {
        Recorded::read(&self.recorded).map_err(anyhow::Error::msg)
    }

    /// Keeps a conversation.
    pub(crate) fn keep(&self, rounds: &[(Round, Contents)]) -> Result<()> {
        converse::keep(&self.recorded, rounds).with_context(|| self.recorded.display().to_string())
    }
}
