//! Mistakes about files, and about text that is not TOML.

use super::Diagnostic;
use crate::{
    Code,
    span::{FileId, Span},
};

pub(crate) fn no_templates(folder: FileId, path: &str) -> Diagnostic {
    Diagnostic::error(Code::NoTemplates, format!("there is no template in `{path}`"))
        .in_file(folder)
        .help("a template is a file whose name ends with `_rec.toml`; `bedsc new` writes one")
}

pub(crate) fn path_missing(file: FileId, path: &str) -> Diagnostic {
    Diagnostic::error(Code::PathMissing, format!("`{path}` does not exist"))
        .in_file(file)
        .help("name a template, or a folder of templates; the default is `templates`")
}

pub(crate) fn unreadable(file: FileId, path: &str, why: &str) -> Diagnostic {
    Diagnostic::error(Code::Unreadable, format!("`{path}` cannot be read: {why}")).in_file(file)
}

pub(crate) fn too_large(file: FileId, path: &str, bytes: u64, bytes_max: u64) -> Diagnostic {
    Diagnostic::error(Code::FileTooLarge, format!("`{path}` has {bytes} bytes, more than {bytes_max}"))
        .in_file(file)
        .help("a template describes one domain; split it, or check that this is a template at all")
}

pub(crate) fn not_utf8(file: FileId, path: &str, byte: usize) -> Diagnostic {
    Diagnostic::error(Code::NotUtf8, format!("`{path}` is not UTF-8 text: byte {byte} begins no character"))
        .in_file(file)
        .help("save the file as UTF-8")
}

pub(crate) fn empty(file: FileId) -> Diagnostic {
    Diagnostic::error(Code::EmptyFile, "the template is empty")
        .in_file(file)
        .help("`bedsc new` writes a template to start from; a file that is not wanted is better deleted")
}

pub(crate) fn file_name(file: FileId, path: &str) -> Diagnostic {
    Diagnostic::error(Code::FileName, format!("`{path}` is not named as a template"))
        .in_file(file)
        .help("rename it to end with `_rec.toml`; only such files are compiled into the node")
}

pub(crate) fn syntax(span: Span, message: &str, unclosed: Option<(&str, Span)>) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::Syntax, format!("this is not TOML: {message}")).at(span, "here");
    match unclosed {
        Some((bracket, at)) => diagnostic
            .near(at, format!("this `{bracket}` is never closed"))
            .help("close it; the rest of the file is not looked at before"),
        None => diagnostic,
    }
    .help("strings stand in quotes, what stands in { } or [ ] is separated by commas, and each key has its own line or comma")
}

pub(crate) fn duplicate_key(span: Span, first: Option<Span>, key: &str) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code::DuplicateKey, format!("`{key}` stands twice")).at(span, "the second time");
    match first {
        Some(first) => diagnostic.near(first, "the first time"),
        None => diagnostic,
    }
    .help("remove one of them")
}
