//! `bedsc fmt`: one layout for all templates. Comments and the order of keys stay.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use beds_codegen::{
    diagnostic::Errors,
    load,
    span::{FileId, Sources},
};
use clap::Args;
use taplo::formatter::{Options, format};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{Format, Input, check, write};

/// The widest line, if its lists can be broken.
const WIDTH: usize = 120;

#[derive(Debug, Args)]
pub(crate) struct Fmt {
    /// Templates, and folders of templates; `-` formats standard input to standard output
    #[arg(default_value = "templates")]
    paths: Vec<PathBuf>,
    /// Write nothing, show what would change, and fail if anything would
    #[arg(long)]
    check: bool,
}

impl Fmt {
    pub(crate) fn run(&self) -> bool {
        let (mut sources, mut store) = (Sources::default(), Errors::default());
        let mut errors = store.sink();
        let is_stdin = self.paths == [Path::new("-")];
        let mut files: Vec<(PathBuf, FileId)> = Vec::new();
        if is_stdin {
            match check::stdin() {
                Ok(bytes) => {
                    let file = load::decoded("stdin_rec.toml".to_owned(), bytes, &mut sources, &mut errors);
                    files.extend(file.map(|file| (PathBuf::from("-"), file)));
                }
                Err(error) => {
                    anstream::eprintln!("standard input: {error}");
                    return false;
                }
            }
        } else {
            let (paths, empty) = load::find(&self.paths, &mut sources, &mut errors);
            for nothing in empty {
                errors.push(nothing);
            }
            for path in paths {
                let file = load::read(&path, &mut sources, &mut errors);
                files.extend(file.map(|file| (path, file)));
            }
        }
        let mut results = Vec::new();
        for (path, file) in files {
            // A text that is not TOML cannot be formatted.
            if beds_codegen::parse::parse(file, &sources, &mut errors).is_some() {
                results.push((path, formatted(sources.text(file)), sources.text(file).to_owned()));
            }
        }
        let is_broken = errors.has_errors();
        Input::print_as(Format::Human, &beds_codegen::Report::new(store, sources));
        let mut is_done = !is_broken;
        for (path, after, before) in results {
            is_done &= match after {
                Some(after) if is_stdin && !self.check => {
                    anstream::print!("{after}");
                    true
                }
                Some(after) if after == before => true,
                Some(after) if self.check => {
                    let name = load::shown(&path);
                    anstream::print!("{}", write::difference(&name, &before, &after));
                    false
                }
                Some(after) => write::replace(&path, &after),
                None => {
                    anstream::eprintln!(
                        "{}: left unchanged, because formatting would change its meaning",
                        path.display()
                    );
                    false
                }
            };
        }
        is_done
    }
}

/// The text in the one layout; `None` if its meaning would change.
///
/// The formatter reads TOML 1.0, where a table in { } stands on one line. So a table over several lines stays as it is
/// written.
pub(crate) fn formatted(text: &str) -> Option<String> {
    let mut tables = Vec::new();
    for (_, value) in DeTable::parse(text).ok()?.get_ref() {
        tables_of_lines(value, text, &mut tables);
    }
    tables.sort_by_key(|table| table.start);
    let name = placeholder(text);
    let holder = |at: usize| format!("\"{name}{at}\"");
    let (mut plain, mut end) = (String::with_capacity(text.len()), 0);
    for (at, table) in tables.iter().enumerate() {
        plain.push_str(text.get(end..table.start)?);
        plain.push_str(&holder(at));
        end = table.end;
    }
    plain.push_str(text.get(end..)?);
    let mut after = laid_out(&plain, text.contains("\r\n"));
    for (at, table) in tables.into_iter().enumerate() {
        after = after.replacen(&holder(at), &text[table], 1);
    }
    let means = |text: &str| text.parse::<toml::Table>().ok();
    (means(text).is_some() && means(text) == means(&after)).then_some(after)
}

/// Finds the tables in { } that stand over several lines, without the tables inside of them.
fn tables_of_lines(value: &Spanned<DeValue<'_>>, text: &str, found: &mut Vec<Range<usize>>) {
    let span = value.span();
    match value.get_ref() {
        DeValue::Table(_) if text[span.clone()].starts_with('{') && text[span.clone()].contains('\n') => {
            found.push(span);
        }
        DeValue::Table(table) => table.iter().for_each(|(_, value)| tables_of_lines(value, text, found)),
        DeValue::Array(items) => items.iter().for_each(|item| tables_of_lines(item, text, found)),
        _ => {}
    }
}

/// A word that the text does not contain. It is the same for the text in its layout.
fn placeholder(text: &str) -> String {
    let mut name = "table_".to_owned();
    while text.contains(&format!("\"{name}")) {
        name.push('_');
    }
    name
}

fn laid_out(text: &str, has_crlf: bool) -> String {
    let options = Options {
        align_entries: true,
        align_comments: false,
        allowed_blank_lines: 1,
        array_auto_expand: true,
        array_auto_collapse: false,
        column_width: WIDTH,
        compact_arrays: true,
        compact_inline_tables: false,
        indent_string: "    ".to_owned(),
        inline_table_expand: false,
        reorder_keys: false,
        trailing_newline: true,
        crlf: has_crlf,
        ..Options::default()
    };
    let once = format(text, options.clone());
    // A second pass may move text that the first pass has moved.
    format(&once, options)
}
