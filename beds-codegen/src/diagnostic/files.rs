//! Mistakes about files, and about text that is not TOML.

use super::Diagnostic;
use crate::{
    code::Code,
    span::{FileId, Span},
};

pub(crate) fn no_templates(folder: FileId, path: &str) -> Diagnostic {
    Diagnostic::error(Code::NoTemplates, format!("there is no template in `{path}`"))
        .in_file(folder)
        .help("the name of a template's file ends with `_rec.toml`; `bedsc new` writes a template")
}

pub(crate) fn path_missing(file: FileId, path: &str) -> Diagnostic {
    Diagnostic::error(Code::PathMissing, format!("`{path}` does not exist"))
        .in_file(file)
        .help("name a template or a folder of templates; the default is `templates`")
}

pub(crate) fn unreadable(file: FileId, path: &str, why: &str) -> Diagnostic {
    Diagnostic::error(Code::Unreadable, format!("`{path}` cannot be read: {why}")).in_file(file)
}

pub(crate) fn too_large(file: FileId, path: &str, bytes: u64, bytes_max: u64) -> Diagnostic {
    Diagnostic::error(
        Code::FileTooLarge,
        format!("`{path}` has {bytes} bytes, and at most {bytes_max} are allowed"),
    )
    .in_file(file)
    .help("check that this file is a template; if it is, split it into several domains")
}

pub(crate) fn not_utf8(file: FileId, path: &str, byte: usize) -> Diagnostic {
    Diagnostic::error(Code::NotUtf8, format!("`{path}` is not UTF-8 text: byte {byte} is invalid"))
        .in_file(file)
        .help("save the file as UTF-8")
}

pub(crate) fn empty(file: FileId) -> Diagnostic {
    Diagnostic::error(Code::EmptyFile, "the template is empty")
        .in_file(file)
        .help("write a template with `bedsc new`, or delete the file")
}

pub(crate) fn file_name(file: FileId, path: &str) -> Diagnostic {
    Diagnostic::error(Code::FileName, format!("the name of `{path}` is not that of a template"))
        .in_file(file)
        .help("rename the file so that it ends with `_rec.toml`; only such files are compiled into the node")
}

pub(crate) fn syntax(span: Span, message: &str, unclosed: Option<(&str, Span)>) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::Syntax, format!("invalid TOML: {message}")).at(span, "here");
    match unclosed {
        Some((bracket, at)) => diagnostic
            .near(at, format!("this `{bracket}` is never closed"))
            .help("close the bracket; the text after it is not checked until then"),
        None => diagnostic,
    }
    .help(
        "write strings in quotes, commas between the parts of { } and [ ], and each key on a line of its own",
    )
}

pub(crate) fn duplicate_key(span: Span, first: Option<Span>, key: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::DuplicateKey, format!("duplicate key `{key}`"))
        .at(span, "written again here");
    match first {
        Some(first) => diagnostic.near(first, "first written here"),
        None => diagnostic,
    }
    .help("remove one of them")
}
