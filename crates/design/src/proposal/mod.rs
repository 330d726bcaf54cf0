//! A proposal: a folder with all that is to become of a model, what was proved of it, and a hash over every byte of it and
//! every name, which a DBA signs. What is not in the folder is not in the proposal, and nothing else may be in the folder.

mod drawing;
mod folder;
mod manifest;
mod report;
mod words;

use std::collections::BTreeMap;

use beds_codegen::{diff, model::Domain};
use serde::{Deserialize, Serialize};

pub use self::{
    folder::{APPROVAL, Flaw, read, write},
    manifest::{Input, Listed, MANIFEST, Manifest, Proof, Round, Step},
};
use crate::{
    fault::Faults,
    model::{self, Model},
    render::{self, Rendered},
};

/// Where the model is kept.
pub const MODEL: &str = "model.json";
/// The page for the DBA.
pub const REPORT: &str = "report.html";

/// The files of a proposal, by their path in it.
pub type Contents = BTreeMap<String, Vec<u8>>;

/// A proposal as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What is said of it.
    pub manifest: Manifest,
    /// All files, [`MANIFEST`] among them.
    pub files: Contents,
}

/// Who or what wrote the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// A file that was handed in.
    File,
    /// A language model, by its name.
    Model(String),
}

/// What is known of a proposal besides its model.
#[derive(Debug, Clone)]
pub struct Facts<'f> {
    /// Who wrote the model.
    pub author: Author,
    /// When, as RFC 3339.
    pub made_at: String,
    /// What was handed in, each with its name.
    pub inputs: Vec<(String, Vec<u8>)>,
    /// What was said in each round, as it is kept; the paths begin with `rounds/`.
    pub rounds: Vec<(Round, Contents)>,
    /// The templates that are there, to tell what changes for clients.
    pub before: Vec<&'f Domain>,
}

impl Proposal {
    /// Makes the proposal of a model.
    ///
    /// # Errors
    /// What the compiler and the gate say of the model: nothing is proposed of which that is known.
    pub fn of(model: &Model, facts: Facts<'_>) -> Result<Self, Faults> {
        let rendered = render::render(model)?;
        let changes = changes(&facts.before, &rendered.domains);
        let manifest = manifest(model, &rendered, &facts);
        let mut files: Contents =
            rendered.files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes())).collect();
        files.insert(MODEL.to_owned(), model.text().into_bytes());
        for (_, kept) in facts.rounds {
            files.extend(kept);
        }
        let report = report::report(&report::Page {
            model,
            rendered: &rendered,
            manifest: &manifest,
            changes: &changes,
        });
        files.insert(REPORT.to_owned(), report.into_bytes());
        Ok(Self::sealed(manifest, files))
    }

    /// The same after its manifest was changed, with the hash that it has now.
    #[must_use]
    pub fn again(self) -> Self {
        let Self { manifest, mut files } = self;
        files.remove(MANIFEST);
        Self::sealed(manifest, files)
    }

    /// Lists the files in the manifest, and takes the hash over all of them.
    fn sealed(mut manifest: Manifest, mut files: Contents) -> Self {
        manifest::NO_HASH.clone_into(&mut manifest.hash);
        manifest.files = manifest::listed(&files);
        files.insert(MANIFEST.to_owned(), manifest.text().into_bytes());
        manifest.hash = manifest::hash(&files);
        files.insert(MANIFEST.to_owned(), manifest.text().into_bytes());
        Self { manifest, files }
    }

    /// Whether the files are what the model becomes, and nothing that was written by hand.
    ///
    /// # Errors
    /// What is not, a sentence each.
    pub fn is_rendered(&self) -> Result<Model, Vec<String>> {
        let kept = self.files.get(MODEL).ok_or_else(|| vec![format!("there is no {MODEL}")])?;
        let told = |faults: Faults| vec![format!("{MODEL}: {faults}")];
        let model = model::read(kept).map_err(told)?;
        let rendered = render::render(&model).map_err(told)?;
        let is_ours = |path: &str| {
            ["templates/", "schema/", "objects/", "grants/"].iter().any(|part| path.starts_with(part))
        };
        let mut wrong = Vec::new();
        for (path, text) in &rendered.files {
            if self.files.get(path).is_none_or(|kept| kept != text.as_bytes()) {
                wrong.push(format!("{path} is not what {MODEL} becomes: make the proposal anew"));
            }
        }
        for path in self.files.keys().filter(|path| is_ours(path) && !rendered.files.contains_key(*path)) {
            wrong.push(format!("{path} is nothing that {MODEL} becomes: make the proposal anew"));
        }
        if wrong.is_empty() { Ok(model) } else { Err(wrong) }
    }
}

/// What changes for clients of the templates that have the same names.
fn changes(before: &[&Domain], domains: &[Domain]) -> Vec<diff::Change> {
    let is_proposed = |old: &&&Domain| domains.iter().any(|domain| domain.name.value == old.name.value);
    let old: Vec<&Domain> = before.iter().filter(is_proposed).copied().collect();
    let new: Vec<&Domain> = domains.iter().collect();
    diff::changes(&old, &new)
}

fn manifest(model: &Model, rendered: &Rendered, facts: &Facts<'_>) -> Manifest {
    let bodies = model.entities.iter().flat_map(|entity| &entity.calls).count();
    let proofs = vec![
        Proof {
            name: "check".to_owned(),
            passed: true,
            detail: format!("{} templates compile without an error or a warning", rendered.domains.len()),
        },
        Proof {
            name: "gate".to_owned(),
            passed: true,
            detail: format!("{bodies} bodies of calls use nothing but what may be used"),
        },
    ];
    let steps = rendered.scripts.iter().flat_map(|script| {
        script.proposed.iter().flat_map(move |proposed| {
            proposed.whole().into_iter().map(move |(thing, statement)| Step {
                database: script.database.clone(),
                what: format!("{} {}", thing.as_str(), proposed.name),
                sha256: manifest::digest(statement.as_bytes()),
            })
        })
    });
    Manifest {
        hash: manifest::NO_HASH.to_owned(),
        format: manifest::FORMAT,
        name: model.name.clone(),
        description: model.description.clone(),
        engine: model.engine,
        database: model.database.clone(),
        made_by: format!("beds design {}", env!("CARGO_PKG_VERSION")),
        made_at: facts.made_at.clone(),
        author: facts.author.clone(),
        inputs: facts
            .inputs
            .iter()
            .map(|(name, bytes)| Input { name: name.clone(), sha256: manifest::digest(bytes) })
            .collect(),
        rounds: facts.rounds.iter().map(|(round, _)| round.clone()).collect(),
        proofs,
        steps: steps.collect(),
        files: Vec::new(),
    }
}
