//! A proposal: a folder with everything that a model becomes, the proofs, and a hash over every byte and every name,
//! which a DBA signs. The proposal is exactly the content of the folder, and nothing else may be in the folder.

mod carried;
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
    manifest::{Carried, Changed, Gate, Handed, Input, Listed, MANIFEST, Manifest, Proof, Round, Step},
};
use crate::{
    fault::Faults,
    model::{self, Model},
    plan::{self, Old},
    render::{self, Rendered, Statement},
};

/// The file of the model.
pub const MODEL: &str = "model.json";
/// The page for the DBA.
pub const REPORT: &str = "report.html";

/// The files of a proposal, by their path in it.
pub type Contents = BTreeMap<String, Vec<u8>>;

/// A proposal as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The properties of the proposal.
    pub manifest: Manifest,
    /// All files, including [`MANIFEST`].
    pub files: Contents,
}

/// The author of the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// A file from the input.
    File,
    /// A language model, with its name.
    Model(String),
}

/// Facts about a proposal besides its model.
#[derive(Debug, Clone)]
pub struct Facts<'f> {
    /// The author of the model.
    pub author: Author,
    /// The time, as RFC 3339.
    pub made_at: String,
    /// The inputs, each with its name.
    pub inputs: Vec<(Handed, String, Vec<u8>)>,
    /// The rounds, as they are kept. Their paths begin with `rounds/`.
    pub rounds: Vec<(Round, Contents)>,
    /// The existing templates, to find the changes for clients.
    pub before: Vec<&'f Domain>,
    /// The texts of the existing templates, to carry their records over.
    pub old: Old,
}

impl Proposal {
    /// Makes the proposal of a model.
    ///
    /// # Errors
    /// The faults that the compiler and the gate find in the model. There is no proposal with known faults.
    pub fn of(model: &Model, facts: Facts<'_>) -> Result<Self, Faults> {
        let rendered = render::render(model, &facts.old)?;
        let manifest = manifest(model, &rendered, &facts);
        let mut files: Contents =
            written(&rendered).map(|(path, text)| (path.clone(), text.clone().into_bytes())).collect();
        files.insert(MODEL.to_owned(), model.text().into_bytes());
        for (_, kept) in facts.rounds {
            files.extend(kept);
        }
        files.insert(REPORT.to_owned(), page(model, &rendered, &manifest, &files));
        Ok(Self::sealed(manifest, files))
    }

    /// The same proposal with the proofs since it was made, and their reports.
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

    /// The same proposal with a new hash, after its manifest was changed.
    #[must_use]
    pub fn again(self) -> Self {
        let Self { manifest, mut files } = self;
        files.remove(MANIFEST);
        Self::sealed(manifest, files)
    }

    /// Lists the files in the manifest, and computes the hash over all of them.
    fn sealed(mut manifest: Manifest, mut files: Contents) -> Self {
        manifest::NO_HASH.clone_into(&mut manifest.hash);
        manifest.files = manifest::listed(&files);
        files.insert(MANIFEST.to_owned(), manifest.text().into_bytes());
        manifest.hash = manifest::hash(&files);
        files.insert(MANIFEST.to_owned(), manifest.text().into_bytes());
        Self { manifest, files }
    }

    /// Whether the files are the rendering of the model, without anything written by hand.
    ///
    /// # Errors
    /// The differences, one sentence each.
    pub fn is_rendered(&self) -> Result<Model, Vec<String>> {
        self.rendered().map(|(model, _)| model)
    }

    /// The model and its rendering, if the files equal the rendering.
    ///
    /// # Errors
    /// The differences, one sentence each.
    pub fn rendered(&self) -> Result<(Model, Rendered), Vec<String>> {
        let kept = self.files.get(MODEL).ok_or_else(|| vec![format!("there is no {MODEL}")])?;
        let told = |faults: Faults| vec![format!("{MODEL}: {faults}")];
        let model = model::read(kept).map_err(told)?;
        let rendered = render::render(&model, &self.old(&model)).map_err(told)?;
        let is_ours = |path: &str| {
            let folders = ["templates/", "schema/", "objects/", "grants/", plan::BEFORE, plan::MIGRATIONS];
            folders.iter().any(|folder| path.starts_with(folder))
        };
        let mut wrong = Vec::new();
        let mut compare = |path: &str, bytes: &[u8]| {
            if self.files.get(path).is_none_or(|kept| kept != bytes) {
                wrong.push(format!("{path} does not match {MODEL}: make the proposal again"));
            }
        };
        for (path, text) in written(&rendered) {
            compare(path, text.as_bytes());
        }
        // The signer has read this page: it must show what is in the other files.
        compare(REPORT, &page(&model, &rendered, &self.manifest, &self.files));
        let is_written = |path: &String| written(&rendered).any(|(written, _)| written == path);
        for path in self.files.keys().filter(|path| is_ours(path) && !is_written(path)) {
            wrong.push(format!("{path} does not come from {MODEL}: make the proposal again"));
        }
        if self.manifest.steps != steps(&rendered) {
            wrong.push(format!("the steps do not match {MODEL}: make the proposal again"));
        }
        let plan = &rendered.plan;
        if self.manifest.migrations != manifest::carried(plan) || self.manifest.notes != plan.notes {
            wrong.push(format!("the migrations do not match {MODEL}: make the proposal again"));
        }
        if wrong.is_empty() { Ok((model, rendered)) } else { Err(wrong) }
    }

    /// The kept texts of the templates whose place the entities take.
    fn old(&self, model: &Model) -> Old {
        let kept = |entity: &model::Entity| {
            let bytes = self.files.get(&plan::kept(&entity.name))?;
            Some((entity.name.clone(), String::from_utf8_lossy(bytes).into_owned()))
        };
        model.entities.iter().filter_map(kept).collect()
    }
}

/// All files that come from the model and the old templates.
fn written(rendered: &Rendered) -> impl Iterator<Item = (&String, &String)> {
    rendered.files.iter().chain(&rendered.plan.files)
}

/// The page for the DBA.
fn page(model: &Model, rendered: &Rendered, manifest: &Manifest, files: &Contents) -> Vec<u8> {
    report::report(&report::Page { model, rendered, manifest, files }).into_bytes()
}

/// The changes for clients of the templates with the same names.
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

/// The proofs that making a proposal includes.
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
        notes: rendered.plan.notes.clone(),
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
        migrations: manifest::carried(&rendered.plan),
        proofs: at_once(model, rendered),
        steps: steps(rendered),
        files: Vec::new(),
    }
}
