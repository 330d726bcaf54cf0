//! The files of MongoDB pipelines: a JSON array of stages, in which `{"$arg": "name"}` stands for an argument.
//!
//! A pipeline is code. [`crate::aggregation`] defines the allowed content of each position, [`check`] walks along it,
//! and [`argument`] decides for each placeholder whether a client's value is allowed there and how it becomes a
//! literal. The runtime gets the text with that wrapping around each placeholder. It inserts the values and decides
//! nothing.

mod argument;
mod asked;
mod check;
mod constants;
mod doubts;
mod fails;
mod find;
mod follow;
mod impossible;
mod members;
mod names;
mod operands;
mod queries;
mod reach;
mod shape;
mod stages;
mod texts;
mod used;
mod values;

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
};

use check::Check;
use used::Use;

use super::Cx;
use crate::{
    aggregation::Within,
    diagnostic::{ErrorSink, calls as diagnostics, pipelines},
    json::{self, Json, Node},
    load,
    model::Arg,
    raw::RawField,
    span::{FileId, Sources, Span, Spanned},
};

/// The sources of pipelines: a folder, and texts in memory, which take precedence.
#[derive(Debug, Clone, Default)]
pub struct Pipelines {
    /// The folder.
    pub folder: PathBuf,
    /// Texts by the name of their file.
    pub texts: BTreeMap<String, String>,
    /// Texts that replace files, by the path that reports show.
    pub(crate) instead: BTreeMap<String, String>,
    /// Files that were used, for `rerun-if-changed`.
    pub used: Vec<PathBuf>,
    loaded: HashMap<String, Option<FileId>>,
}

/// A pipeline that was read.
pub(super) struct Pipeline {
    pub(super) stages: String,
    /// The stage that writes, and its position.
    pub(super) writes: Option<(String, Span)>,
}

impl Pipelines {
    /// The pipelines of a folder.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), ..Self::default() }
    }

    /// Reads a file once; `None` if it cannot be used, which is reported at the first place that names it.
    fn file(
        &mut self,
        name: &Spanned<String>,
        sources: &mut Sources,
        errors: &mut ErrorSink<'_>,
    ) -> Option<FileId> {
        if let Some(known) = self.loaded.get(&name.value) {
            return *known;
        }
        let file = self.load(name, sources, errors);
        self.loaded.insert(name.value.clone(), file);
        file
    }

    fn load(
        &mut self,
        name: &Spanned<String>,
        sources: &mut Sources,
        errors: &mut ErrorSink<'_>,
    ) -> Option<FileId> {
        let folder = load::shown(&self.folder);
        let is_plain =
            !name.value.is_empty() && !name.value.starts_with('.') && !name.value.contains(['/', '\\', '\0']);
        if name.value.trim_start().starts_with(['[', '{']) {
            errors.push(diagnostics::pipeline_inline(name.span));
            return None;
        }
        if !is_plain {
            let there = self.names();
            let meant = find::meant(&name.value, &there);
            errors.push(diagnostics::pipeline_path(name, &folder, meant));
            return None;
        }
        let path = self.folder.join(&name.value);
        let shown = load::shown(&path);
        if let Some(text) = self.instead.get(&shown).or_else(|| self.texts.get(&name.value)) {
            return Some(sources.add(shown, text.clone()));
        }
        if !path.is_file() {
            let there = self.names();
            let create = load::shown(&find::with_ending(&path));
            let meant = find::meant(&name.value, &there);
            errors.push(diagnostics::pipeline_missing(name, &folder, &create, meant));
            return None;
        }
        self.used.push(path.clone());
        load::read(&path, sources, errors)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter(|entry| entry.path().is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .chain(self.texts.keys().cloned())
            .collect();
        names.sort();
        names
    }
}

/// Reads the pipeline of a call and checks it against the call's arguments.
pub(super) fn read(
    name: &Spanned<String>,
    call: Span,
    args: &[Arg],
    raw_args: Option<&Vec<RawField>>,
    cx: &mut Cx<'_>,
) -> Option<Pipeline> {
    let file = cx.pipelines.file(name, cx.sources, &mut cx.errors)?;
    let text = cx.sources.text(file);
    if text.starts_with("version https://git-lfs") {
        let end = text.lines().next().map_or(0, str::len);
        cx.errors.push(pipelines::lfs_pointer(Span { file, start: 0, end }, name.span));
        return None;
    }
    let tree = match json::parse(cx.sources.text(file), file) {
        Ok(tree) => tree,
        Err(mistake) => {
            cx.errors.push(pipelines::syntax(*mistake, file, name.span));
            return None;
        }
    };
    if let Some(broken) = shape::name_with_nul(&tree) {
        cx.errors.push(pipelines::name_with_nul(broken, name.span));
        return None;
    }
    let mut errors = cx.errors.part();
    let mut check = Check::new(args, call, name.span, &mut errors);
    check.declare(&tree);
    check.pipeline(&tree, Within::Call);
    check.unseen(&tree);
    let Check { uses, writes, .. } = check;
    // A misspelt placeholder is likely to be the one that an argument lacks.
    if errors.has_errors() {
        return None;
    }
    let mut told = Vec::new();
    for (name, diagnostic) in texts::report(&tree, args, &uses, name.span) {
        told.push(name);
        errors.push(diagnostic);
    }
    for raw in raw_args.into_iter().flatten() {
        let is_told = told.contains(&raw.name.value.as_str());
        if !is_told && !uses.iter().any(|found| found.name == raw.name.value) {
            errors.push(diagnostics::unused_arg(raw.name.span, name.span, &raw.name.value));
        }
    }
    let mut stages = String::new();
    write(&tree, &uses, &mut stages);
    Some(Pipeline { stages, writes })
}

/// Writes a value without blanks, in written order, with the wrapping around each placeholder that makes it a literal.
fn write(node: &Node, uses: &[Use], out: &mut String) {
    let (before, after) =
        uses.iter().find(|found| found.at == node.span).map_or(("", ""), |found| found.wrap.around());
    out.push_str(before);
    match &node.value {
        Json::Null => out.push_str("null"),
        Json::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Json::Number(number) => out.push_str(number),
        Json::Text(text) => out.push_str(&quoted(text)),
        Json::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                write(item, uses, out);
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            let is_placeholder = shape::is_placeholder(node);
            // The declaration in a placeholder is resolved here.
            let members = members.iter().filter(|member| !is_placeholder || member.name.value == "$arg");
            for (index, member) in members.enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                out.push_str(&quoted(&member.name.value));
                out.push(':');
                write(&member.value, uses, out);
            }
            out.push('}');
        }
    }
    out.push_str(after);
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
