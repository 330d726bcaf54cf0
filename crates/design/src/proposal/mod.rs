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
    manifest::{Changed, Gate, Handed, Input, Listed, MANIFEST, Manifest, Proof, Round, Step},
};
use crate::{
    fault::Faults,
    model::{self, Model},
    render::{self, Rendered, Statement},
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
    pub inputs: Vec<(Handed, String, Vec<u8>)>,
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
        let manifest = manifest(model, &rendered, &facts);
        let mut files: Contents =
            rendered.files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes())).collect();
        files.insert(MODEL.to_owned(), model.text().into_bytes());
        for (_, kept) in facts.rounds {
            files.extend(kept);
        }
        files.insert(REPORT.to_owned(), page(model, &rendered, &manifest, &files));
        Ok(Self::sealed(manifest, files))
    }

    /// The same with what was proved of it since it was made, and the report of each proof.
    ///
    /// # Errors
    /// As [`Self::is_rendered`].
    pub fn proved(self, proofs: Vec<(Proof, String)>) -> Result<Self, Vec<String>> {
        let (model, rendered) = self.rendered()?;
        let Self { mut manifest, mut files } = self;
        files.remove(MANIFEST);
        files.retain(|path, _| !path.starts_with(manifest::PROOFS));
        manifest.proofs = at_once(&model, &rendered);
        for (proof, report) in proofs {
            files.insert(proof.gate.report(), report.into_bytes());
            manifest.proofs.push(proof);
        }
        files.insert(REPORT.to_owned(), page(&model, &rendered, &manifest, &files));
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
        self.rendered().map(|(model, _)| model)
    }

    /// The model, and what it becomes, which is what the files are.
    ///
    /// # Errors
    /// What is not, a sentence each.
    pub fn rendered(&self) -> Result<(Model, Rendered), Vec<String>> {
        let kept = self.files.get(MODEL).ok_or_else(|| vec![format!("there is no {MODEL}")])?;
        let told = |faults: Faults| vec![format!("{MODEL}: {faults}")];
        let model = model::read(kept).map_err(told)?;
        let rendered = render::render(&model).map_err(told)?;
        let is_ours = |path: &str| {
            ["templates/", "schema/", "objects/", "grants/"].iter().any(|part| path.starts_with(part))
        };
        let mut wrong = Vec::new();
        let mut compare = |path: &str, bytes: &[u8]| {
            if self.files.get(path).is_none_or(|kept| kept != bytes) {
                wrong.push(format!("{path} is not what {MODEL} becomes: make the proposal anew"));
            }
        };
        for (path, text) in &rendered.files {
            compare(path, text.as_bytes());
        }
        // Who signs has read this page: it says what is in the other files.
        compare(REPORT, &page(&model, &rendered, &self.manifest, &self.files));
        for path in self.files.keys().filter(|path| is_ours(path) && !rendered.files.contains_key(*path)) {
            wrong.push(format!("{path} is nothing that {MODEL} becomes: make the proposal anew"));
        }
        if self.manifest.steps != steps(&rendered) {
            wrong.push(format!("the steps are not those that {MODEL} becomes: make the proposal anew"));
        }
        if wrong.is_empty() { Ok((model, rendered)) } else { Err(wrong) }
    }
}

/// The page for the DBA.
fn page(model: &Model, rendered: &Rendered, manifest: &Manifest, files: &Contents) -> Vec<u8> {
    report::report(&report::Page { model, rendered, manifest, files }).into_bytes()
}

/// What changes for clients of the templates that have the same names.
fn changes(before: &[&Domain], domains: &[Domain]) -> Vec<Changed> {
    let is_proposed = |old: &&&Domain| domains.iter().any(|domain| domain.name.value == old.name.value);
    let old: Vec<&Domain> = before.iter().filter(is_proposed).copied().collect();
    let new: Vec<&Domain> = domains.iter().collect();
    let changes = diff::changes(&old, &new).into_iter();
    let told = |diff::Change { template, effect, place, what, why }| Changed {
        template,
        effect: effect.as_str().to_owned(),
        place,
        what,
        why,
    };
    changes.map(told).collect()
}

/// What is proved by making a proposal at all.
fn at_once(model: &Model, rendered: &Rendered) -> Vec<Proof> {
    let bodies = model.entities.iter().flat_map(|entity| &entity.calls).count();
    vec![
        Proof {
            gate: Gate::Check,
            passed: true,
            detail: format!("{} templates compile without an error or a warning", rendered.domains.len()),
        },
        Proof {
            gate: Gate::Gate,
            passed: true,
            detail: format!("{bodies} bodies of calls use nothing but what may be used"),
        },
    ]
}

fn steps(rendered: &Rendered) -> Vec<Step> {
    let step = |statement: Statement| Step {
        what: statement.what(),
        sha256: manifest::digest(statement.text.as_bytes()),
        database: statement.database,
    };
    rendered.statements().into_iter().map(step).collect()
}

fn manifest(model: &Model, rendered: &Rendered, facts: &Facts<'_>) -> Manifest {
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
            .map(|(kind, name, bytes)| Input {
                kind: *kind,
                name: name.clone(),
                sha256: manifest::digest(bytes),
            })
            .collect(),
        rounds: facts.rounds.iter().map(|(round, _)| round.clone()).collect(),
        changes: changes(&facts.before, &rendered.domains),
        proofs: at_once(model, rendered),
        steps: steps(rendered),
        files: Vec::new(),
    }
}
