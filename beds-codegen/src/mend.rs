//! Applies automatic fixes, and checks the result before it is returned.
//!
//! A fix is accepted only if its report is gone afterwards, no other report has taken its place, and no readable file
//! has become unreadable.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Code, Compiler, Report,
    diagnostic::{Diagnostic, Fix},
    span::{FileId, Span},
};

/// The limit of rounds: one fix may uncover the next mistake.
const ROUNDS_MAX: usize = 1_000;

/// The result of fixing a set of files.
#[derive(Debug, Clone)]
pub struct Mended {
    /// The files that changed, by path.
    pub files: Vec<MendedFile>,
    /// The report on the files after the fixes.
    pub report: Report,
}

/// A file that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MendedFile {
    /// Its path, as reports show it.
    pub path: String,
    /// Its text before.
    pub before: String,
    /// Its text after.
    pub after: String,
    /// How many mistakes were fixed.
    pub count: usize,
    /// Whether its encoding is not UTF-8. Then both texts are decoded from that encoding.
    pub is_reencoded: bool,
}

/// How many mistakes at one position are fixed in sequence, before the position is left.
const CHAIN_MAX: usize = 16;

/// The state of the files during fixing.
struct State {
    compiler: Compiler,
    report: Report,
}

/// The content of a report, without its position in the file: a fix moves the text behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    code: Code,
    message: String,
    /// The text at its position.
    text: String,
}

/// An automatic fix, with the path of its file.
#[derive(Debug, Clone)]
struct Remedy {
    path: String,
    fix: Fix,
    report: Said,
}

impl State {
    fn of(compiler: Compiler) -> Self {
        let report = match compiler.compile() {
            Ok(output) => output.warnings,
            Err(report) => report,
        };
        Self { compiler, report }
    }

    /// The fixes for templates and pipelines. A Rust file is left to its author.
    fn remedies(&self) -> Vec<Remedy> {
        let sources = self.report.sources();
        let remedy = |found: &Diagnostic| {
            let fix = found.fix.clone()?;
            let path = sources.path(fix.span.file).to_owned();
            let is_template = path.ends_with(crate::load::TEMPLATE_SUFFIX);
            let is_ours = is_template || self.compiler.is_pipeline(&path);
            let text = sources.text(fix.span.file);
            let is_foreign = is_template && crate::parse::is_nested_yaml(text);
            let is_doubtful = is_reference(found.code) && is_declaration_misspelt(text, &fix);
            (is_ours && !is_foreign && !is_doubtful).then(|| Remedy { path, fix, report: self.said(found) })
        };
        self.report.diagnostics().iter().filter_map(remedy).collect()
    }

    fn said(&self, found: &Diagnostic) -> Said {
        let text = found.primary().and_then(|label| {
            let Span { file, start, end } = label.span;
            self.report.sources().text(file).get(start..end)
        });
        Said { code: found.code, message: found.message.clone(), text: text.unwrap_or_default().to_owned() }
    }

    /// The reports with a position in a file.
    fn found<'s>(&'s self, path: &'s str) -> impl Iterator<Item = &'s Diagnostic> {
        let is_here = move |found: &&Diagnostic| {
            found.primary().is_some_and(|label| self.report.sources().path(label.span.file) == path)
        };
        self.report.diagnostics().iter().filter(is_here)
    }

    /// The reports on a file, except `known`.
    fn said_beside(&self, path: &str, mut known: Vec<Said>) -> Vec<Said> {
        let is_other = |said: &Said| match known.iter().position(|known| known == said) {
            Some(at) => {
                known.swap_remove(at);
                false
            }
            None => true,
        };
        self.found(path).map(|found| self.said(found)).filter(is_other).collect()
    }

    /// Whether a file cannot be parsed, which hides further mistakes.
    fn is_unread(&self, path: &str) -> bool {
        self.found(path).any(is_unread)
    }

    /// The state after these fixes; `None` if two of them touch the same position.
    fn after(&self, remedies: &[Remedy]) -> Option<Self> {
        let mut by_file: BTreeMap<&str, Vec<&Fix>> = BTreeMap::new();
        for remedy in remedies {
            by_file.entry(&remedy.path).or_default().push(&remedy.fix);
        }
        let mut compiler = self.compiler.clone();
        for (path, fixes) in by_file {
            let file = fixes.first()?.span.file;
            let text = apply(self.report.sources().text(file), fixes)?;
            compiler = compiler.instead_of(path, &text);
        }
        Some(Self::of(compiler))
    }

    /// The state after all fixes, if each of them removes its mistake and causes no other.
    fn after_all(&self, remedies: &[Remedy]) -> Option<(Vec<Remedy>, Self)> {
        let next = self.after(remedies)?;
        let paths: BTreeSet<&str> = remedies.iter().map(|remedy| remedy.path.as_str()).collect();
        let is_mended = |path: &&str| {
            let mended = remedies.iter().filter(|remedy| remedy.path == **path);
            let others = self.said_beside(path, mended.map(|remedy| remedy.report.clone()).collect());
            match (self.is_unread(path), next.is_unread(path)) {
                (true, false) => true,
                (false, true) => false,
                _ => next.said_beside(path, others).is_empty(),
            }
        };
        paths.iter().all(is_mended).then(|| (remedies.to_vec(), next))
    }

    /// The state after a fix. A mistake that the fix uncovers at the same position is fixed as well. If that is
    /// impossible, the position is left unchanged.
    fn after_one(&self, remedy: &Remedy) -> Option<(Vec<Remedy>, Self)> {
        let path = &remedy.path;
        let others = self.said_beside(path, vec![remedy.report.clone()]);
        let mut applied = vec![remedy.clone()];
        let mut next = self.after(&applied)?;
        for _ in 0..CHAIN_MAX {
            let uncovered = next.said_beside(path, others.clone());
            if self.is_worse_than(&next, remedy, &uncovered) {
                return Some((applied, next));
            }
            let more = |other: &Remedy| other.path == *path && uncovered.contains(&other.report);
            let more = next.remedies().into_iter().find(more)?;
            next = next.after(std::slice::from_ref(&more))?;
            applied.push(more);
        }
        None
    }

    /// Whether this state is worse than `next`, the state after a fix. `uncovered` are the reports on its file that
    /// appear only there.
    fn is_worse_than(&self, next: &Self, remedy: &Remedy, uncovered: &[Said]) -> bool {
        let path = &remedy.path;
        match (self.is_unread(path), next.is_unread(path)) {
            (true, false) => true,
            (false, true) => false,
            (false, false) => !uncovered.contains(&remedy.report) && next.score() < self.score(),
            (true, true) => match remedy.report.code {
                Code::NotUtf8 => !uncovered.contains(&remedy.report),
                // The parser stops at the first mistake. A mistake on a later line is a new one.
                Code::PipelineSyntax => next.first_unread(path).is_some_and(|(text, at)| {
                    let end = remedy.fix.span.start + remedy.fix.replacement.len();
                    text.get(end..at).is_some_and(|between| between.contains('\n'))
                }),
                _ => uncovered.is_empty(),
            },
        }
    }

    /// The text of a file, and the position where parsing stopped first.
    fn first_unread(&self, path: &str) -> Option<(&str, usize)> {
        let labels = self.found(path).filter(|found| is_unread(found)).filter_map(Diagnostic::primary);
        let first = labels.min_by_key(|label| label.span.start)?.span;
        Some((self.report.sources().text(first.file), first.start))
    }

    /// The severity of the state. Unparsable files come first, because they hide other mistakes.
    fn score(&self) -> (usize, usize, usize) {
        let found = self.report.diagnostics();
        let unread = found.iter().filter(|found| is_unread(found)).filter_map(Diagnostic::primary);
        let files: BTreeSet<FileId> = unread.map(|label| label.span.file).collect();
        (files.len(), self.report.errors(), found.len())
    }
}

/// Whether a report is about a name that is declared elsewhere in the template.
const fn is_reference(code: Code) -> bool {
    matches!(
        code,
        Code::UnknownField | Code::EventUnknown | Code::AuditUnknown | Code::AccessUnknown | Code::TtlUnkept
    )
}

/// Whether a fix would replace a name that occurs several times by a name that only its declaration has. Then the
/// declaration is most likely misspelt.
fn is_declaration_misspelt(text: &str, fix: &Fix) -> bool {
    const SAID_MIN: usize = 2;
    let plain = |name: &str| name.trim_matches(['"', '\'']).trim_start_matches("call.").to_owned();
    let (Some(said), declared) = (text.get(fix.span.start..fix.span.end).map(plain), plain(&fix.replacement))
    else {
        return false;
    };
    let is_of_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    let count = |name: &str| text.split(|letter| !is_of_word(letter)).filter(|word| *word == name).count();
    // A replacement that occurs nowhere is the correct form of a declaration in other letters.
    let fold = |name: &str| name.replace('_', "").to_lowercase();
    match count(&declared) {
        0 => fold(&said) == fold(&declared),
        declared => count(&said) >= SAID_MIN && declared == 1,
    }
}

fn is_unread(found: &Diagnostic) -> bool {
    matches!(
        found.code,
        Code::Syntax
            | Code::InvisibleCharacter
            | Code::OtherLanguage
            | Code::MergeConflict
            | Code::DuplicateKey
            | Code::PipelineSyntax
            | Code::NotUtf8
    )
}

/// The text with the fixes applied; `None` if two of them touch the same position.
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
    /// Applies all automatic fixes, in memory.
    #[must_use]
    pub fn mend(&self) -> Mended {
        let mut state = State::of(self.clone());
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut originals: BTreeMap<String, String> = BTreeMap::new();
        let mut reencoded: BTreeSet<String> = BTreeSet::new();
        for _ in 0..ROUNDS_MAX {
            let remedies = state.remedies();
            if remedies.is_empty() {
                break;
            }
            // All at once is fast. If that does not improve the state, the fixes are tried one by one.
            let one = || remedies.iter().find_map(|remedy| state.after_one(remedy));
            let Some((applied, next)) = state.after_all(&remedies).or_else(one) else { break };
            for Remedy { path, fix, report } in applied {
                if report.code == Code::NotUtf8 {
                    reencoded.insert(path.clone());
                }
                let text = || state.report.sources().text(fix.span.file).to_owned();
                originals.entry(path.clone()).or_insert_with(text);
                *counts.entry(path).or_default() += 1;
            }
            state = next;
        }
        let changed = |(path, before): (String, String)| {
            let after = state.compiler.text_instead_of(&path)?.to_owned();
            let count = counts.get(&path).copied().unwrap_or_default();
            let is_reencoded = reencoded.contains(&path);
            Some(MendedFile { path, before, after, count, is_reencoded })
        };
        let is_other = |file: &MendedFile| file.is_reencoded || file.before != file.after;
        let files = originals.into_iter().filter_map(changed).filter(is_other).collect();
        Mended { files, report: state.report }
    }
}
