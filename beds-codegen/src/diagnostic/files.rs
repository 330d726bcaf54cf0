//! Mistakes about files, and about text that is not TOML.

use std::io;

use super::Diagnostic;
use crate::{
    code::Code,
    names,
    span::{FileId, Span},
};

/// `near` is a file that was perhaps meant as a template, with the name it should have, unless it is in too deep a
/// folder.
pub(crate) fn no_templates(folder: FileId, path: &str, near: Option<(String, Option<String>)>) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::NoTemplates, format!("there is no template in `{path}`"))
        .in_file(folder)
        .help("the name of a template's file ends with `_rec.toml`; `bedsc new` writes a template");
    match near {
        Some((file, Some(right))) => {
            diagnostic.help(format!("if `{file}` is a template, rename it to `{right}`"))
        }
        Some((file, None)) => {
            diagnostic.help(format!("name the folder of `{file}` itself: subfolders are not searched"))
        }
        None => diagnostic,
    }
}

pub(crate) fn not_compiled(file: FileId, path: &str, right: &str, is_below: bool) -> Diagnostic {
    let diagnostic =
        Diagnostic::warning(Code::NotCompiled, format!("`{path}` is not compiled")).in_file(file);
    if is_below {
        return diagnostic.help("move it into the folder of templates itself: subfolders are not searched");
    }
    diagnostic
        .help(format!("rename it to `{right}` if it is a template; otherwise keep it in another folder"))
}

pub(crate) fn path_missing(file: FileId, path: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::PathMissing, format!("`{path}` does not exist")).in_file(file);
    if path == "-" {
        return diagnostic.help("give `-` without other paths, and only to `bedsc check` or `bedsc fmt`: other commands do not read standard input");
    }
    diagnostic.help("name a template or a folder of templates; the default is `templates`")
}

pub(crate) fn unreadable(file: FileId, path: &str, error: &io::Error) -> Diagnostic {
    let what = format!("`{path}` cannot be read");
    let of = |why: &str| Diagnostic::error(Code::Unreadable, format!("{what}: {why}")).in_file(file);
    match error.kind() {
        io::ErrorKind::IsADirectory => of("it is a folder")
            .help("rename the folder: only template files have names that end with `_rec.toml`"),
        io::ErrorKind::PermissionDenied => {
            of("the permission is missing").help("give the user who runs the build read permission")
        }
        _ => of(&error.to_string()),
    }
}

pub(crate) fn too_large(file: FileId, path: &str, bytes: u64, bytes_max: u64) -> Diagnostic {
    Diagnostic::error(
        Code::FileTooLarge,
        format!("`{path}` has {bytes} bytes, and at most {bytes_max} are allowed"),
    )
    .in_file(file)
    .help("check that this file is a template; if it is, split it into several domains")
}

/// `name` is the kind of the file. `place` is the first sign of it, with a short remark, if the text can be shown.
pub(crate) fn not_utf8(file: FileId, name: &str, place: Option<(Span, String)>) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::NotUtf8, format!("the file is not UTF-8: it is {name}"));
    match place {
        Some((span, label)) => diagnostic.at(span, label),
        None => diagnostic.in_file(file),
    }
    .help("save the file as UTF-8; editors call this the encoding of the file")
}

/// A text in UTF-8 with an incomplete character. `at` is its first byte, counted from 1. `is_end` says whether the file
/// ends within the character.
pub(crate) fn cut_character(span: Span, at: usize, is_end: bool) -> Diagnostic {
    let (message, help) = if is_end {
        (
            "the file ends in the middle of a character",
            "the file was cut off: get a complete copy; if only this character is missing, type it again, and save the file as UTF-8",
        )
    } else {
        (
            "the file is UTF-8, but one character is incomplete",
            "type the character again, and save the file as UTF-8",
        )
    };
    Diagnostic::error(Code::NotUtf8, message).at(span, format!("byte {at} of the file")).help(help)
}

pub(crate) fn empty(file: FileId) -> Diagnostic {
    Diagnostic::error(Code::EmptyFile, "the template is empty")
        .in_file(file)
        .help("write a template with `bedsc new`, or delete the file")
}

pub(crate) fn file_name(file: FileId, path: &str) -> Diagnostic {
    Diagnostic::error(Code::FileName, format!("`{path}` does not have the name of a template"))
        .in_file(file)
        .help("rename the file so that it ends with `_rec.toml`; only such files are compiled into the node")
}

/// A file with `count` templates. `others` are the names of the templates after the first, if all names differ.
pub(crate) fn several_templates(span: Span, first: Span, count: usize, others: &[String]) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::DuplicateKey,
        format!("this file holds {count} templates, but each needs a separate file"),
    )
    .at(span, "the second begins here")
    .near(first, "the first begins here");
    let files: Vec<String> = others.iter().map(|name| format!("{name}_rec.toml")).collect();
    if files.is_empty() {
        return diagnostic.help("keep the one that is right, and remove the others: they have the same name");
    }
    let files = names::sentence(files.iter().map(String::as_str));
    diagnostic.help(format!("move everything from there on into {files}"))
}

/// A file that holds each of its sections twice. `rest` is the second copy, if it equals the first word by word.
pub(crate) fn pasted_twice(span: Span, first: Span, rest: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::DuplicateKey, "this file contains every section twice")
        .at(span, "the second copy begins here")
        .near(first, "the first begins here");
    match rest {
        Some(rest) => diagnostic.help("remove everything from there to the end of the file").fix(rest, ""),
        None => diagnostic.help("keep the copy that is right, and remove the other"),
    }
}

/// `[[calls]]` beside `[calls.NAME]`.
pub(crate) fn calls_in_list(span: Span, first: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::DuplicateKey,
        "`[[calls]]` is a list, but each call has its name in the header",
    )
    .at(span, "double brackets make a list");
    let diagnostic = match first {
        Some(first) => diagnostic.near(first, "a call by its name"),
        None => diagnostic,
    };
    diagnostic.help("write `[calls.NAME]`, in single brackets, and below it the keys of the call")
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

/// Keys that occur twice in one section.
pub(crate) fn keys_twice(span: Span, keys: &[&str], path: &[String]) -> Diagnostic {
    let header = path.join(".");
    let right = if path.first().is_some_and(|first| first == "calls") { "calls.NAME" } else { "NAME" };
    Diagnostic::error(
        Code::DuplicateKey,
        format!("{} are written twice in `[{header}]`", names::sentence(keys.iter().copied())),
    )
    .at(span, "from here on")
    .help(format!(
        "write `[{right}]` above this line, if another section begins here; otherwise keep one of each"
    ))
}

/// A section whose header occurs twice.
pub(crate) fn section_twice(span: Span, first: Option<Span>, path: &[String]) -> Diagnostic {
    let header = format!("`[{}]`", path.join("."));
    let diagnostic = Diagnostic::error(Code::DuplicateKey, format!("the section {header} is written twice"))
        .at(span, "written again here");
    let diagnostic = match first {
        Some(first) => diagnostic.near(first, "first written here"),
        None => diagnostic,
    };
    let merge =
        format!("move the lines below this header to those of the first {header}, and remove this header");
    match path {
        [calls, name] if calls == "calls" => diagnostic
            .help(format!("if these are two calls, give one of them another name than `{name}`"))
            .help(format!("if they are one, merge them: {merge}")),
        _ => diagnostic.help(format!("merge the two: {merge}")),
    }
}

/// A dotted key above the header of its section. The key contains this many names of the header.
pub(crate) fn dotted_above(
    span: Span,
    dotted: Span,
    (key, names): (&str, usize),
    header: &str,
) -> Diagnostic {
    let rest: Vec<&str> = key.split('.').map(str::trim).skip(names).collect();
    Diagnostic::error(Code::DuplicateKey, format!("`{key}` is above the header `[{header}]`"))
        .at(span, "this section has keys already")
        .near(dotted, "one of them")
        .help(format!("move the dotted keys from above to below this header, `{} = …`", rest.join(".")))
}

/// A key that already has a value, and is also used as a section.
pub(crate) fn complete_already(span: Span, first: Option<Span>, key: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::DuplicateKey, format!("`{key}` has its value already"))
        .at(span, "nothing can be added here");
    match first {
        Some(first) => diagnostic.near(first, "this is its value"),
        None => diagnostic,
    }
    .help(format!("write the keys of `{key}` in one place: in its {{ }}, or below its header"))
}
