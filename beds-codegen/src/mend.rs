//! Applies the remedies that a machine can apply, and looks at the result before anybody gets it.
//!
//! A remedy is taken only where it leaves less wrong than before, and where what could be read can still be read.

use std::collections::BTreeMap;

use crate::{
    Code, Compiler, Report,
    diagnostic::{Diagnostic, Fix},
    span::FileId,
};

/// How often what was mended is looked at again: one remedy may uncover the next mistake.
const ROUNDS_MAX: usize = 1_000;

/// What mending a set of files gives.
#[derive(Debug, Clone)]
pub struct Mended {
    /// The files that changed, by path.
    pub files: Vec<MendedFile>,
    /// What is wrong with the files as they would be then.
    pub report: Report,
}

/// A file that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MendedFile {
    /// Its path, as reports show it.
    pub path: String,
    /// What stands in it.
    pub before: String,
    /// What would stand in it.
    pub after: String,
    /// How many mistakes were mended.
    pub count: usize,
}

/// Files as they are while they are mended.
struct State {
    compiler: Compiler,
    report: Report,
}

impl State {
    fn of(compiler: Compiler) -> Self {
        let report = match compiler.compile() {
            Ok(output) => output.warnings,
            Err(report) => report,
        };
        Self { compiler, report }
    }

    /// The remedies of templates and pipelines, with the path of the file: what a Rust file says is its author's.
    fn fixes(&self) -> Vec<(String, Fix)> {
        let sources = self.report.sources();
        let of_file = |fix: &Fix| {
            let path = sources.path(fix.span.file).to_owned();
            let is_ours = path.ends_with(crate::load::TEMPLATE_SUFFIX) || self.compiler.is_pipeline(&path);
            let is_template = path.ends_with(crate::load::TEMPLATE_SUFFIX);
            let is_foreign = is_template && crate::parse::is_nested_yaml(sources.text(fix.span.file));
            (is_ours && !is_foreign).then(|| (path, fix.clone()))
        };
        self.report.diagnostics().iter().filter_map(|found| of_file(found.fix.as_ref()?)).collect()
    }

    /// The state after these remedies, unless it is worse or no better than this one.
    fn after(&self, fixes: &[(String, Fix)]) -> Option<Self> {
        let mut by_file: BTreeMap<&str, Vec<&Fix>> = BTreeMap::new();
        for (path, fix) in fixes {
            by_file.entry(path).or_default().push(fix);
        }
        let mut compiler = self.compiler.clone();
        for (path, fixes) in by_file {
            let file = fixes.first()?.span.file;
            let text = apply(self.report.sources().text(file), fixes)?;
            compiler = compiler.instead_of(path, &text);
        }
        let next = Self::of(compiler);
        (next.score() < self.score()).then_some(next)
    }

    /// How bad it is: what cannot be read hides the rest, so it counts first, and how much of it is left after the
    /// mistake, as some parsers stop at the first.
    fn score(&self) -> (usize, usize, usize, usize) {
        let found = self.report.diagnostics();
        let is_unread = |found: &&Diagnostic| {
            matches!(found.code, Code::Syntax | Code::DuplicateKey | Code::PipelineSyntax | Code::NotUtf8)
        };
        let mut first: BTreeMap<FileId, usize> = BTreeMap::new();
        for label in found.iter().filter(is_unread).filter_map(Diagnostic::primary) {
            let start = first.entry(label.span.file).or_insert(label.span.start);
            *start = label.span.start.min(*start);
        }
        let left =
            |(file, start): (&FileId, &usize)| self.report.sources().text(*file).len().saturating_sub(*start);
        (first.len(), self.report.errors(), first.iter().map(left).sum(), found.len())
    }
}

/// The text with the remedies in it; `None` where two of them touch the same place.
fn apply(text: &str, mut fixes: Vec<&Fix>) -> Option<String> {
    fixes.sort_by_key(|fix| (fix.span.start, fix.span.end));
    fixes.dedup();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for fix in fixes {
        out.push_str(text.get(at..fix.span.start)?);
        out.push_str(&fix.replacement);
        at = fix.span.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

impl Compiler {
    /// Mends what a machine can mend, in memory.
    #[must_use]
    pub fn mend(&self) -> Mended {
        let mut state = State::of(self.clone());
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut originals: BTreeMap<String, String> = BTreeMap::new();
        for _ in 0..ROUNDS_MAX {
            let fixes = state.fixes();
            // All at once is quick; where that is not better, one at a time finds those that are.
            let all = state.after(&fixes).map(|next| (fixes.clone(), next));
            let one = || {
                fixes.iter().find_map(|fix| {
                    let one = std::slice::from_ref(fix);
                    Some((one.to_vec(), state.after(one)?))
                })
            };
            let Some((applied, next)) = all.or_else(one) else { break };
            for (path, fix) in applied {
                let text = || state.report.sources().text(fix.span.file).to_owned();
                originals.entry(path.clone()).or_insert_with(text);
                *counts.entry(path).or_default() += 1;
            }
            state = next;
        }
        let changed = |(path, before): (String, String)| {
            let after = state.compiler.text_instead_of(&path)?.to_owned();
            let count = counts.get(&path).copied().unwrap_or_default();
            Some(MendedFile { path, before, after, count })
        };
        let files =
            originals.into_iter().filter_map(changed).filter(|file| file.before != file.after).collect();
        Mended { files, report: state.report }
    }
}
