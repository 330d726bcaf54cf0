//! From tokens to text: items as `prettyplease` lays them out, data one entry a line.
//!
//! A formatter would break each field of a domain over several lines; as a table, one line each, the data is
//! readable and the file short.

use proc_macro2::{Delimiter, Literal, Spacing, TokenStream, TokenTree};
use quote::quote;

use crate::model::RequestValue;

/// Items, laid out as rustfmt would.
pub(super) fn items(tokens: &TokenStream) -> String {
    match syn::parse2(tokens.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        // Never so for what this crate emits, as the golden tests show; the plain tokens are right as well.
        Err(_) => format!("{}\n", line(tokens)),
    }
}

/// `/// text`, or nothing. The text is nobody's Markdown: rustdoc shows it as it is written, and finds no links, tags and
/// examples in it.
pub(super) fn doc(text: &str) -> TokenStream {
    if text.is_empty() {
        return TokenStream::new();
    }
    // Four blanks in front would make an example of a line.
    let lines = text.lines().map(|line| format!(" {}", plain(line.replace(is_refused, " ").trim())));
    quote!(#(#[doc = #lines])*)
}

/// Documentation that is a name.
pub(super) fn doc_name(name: &str) -> TokenStream {
    let line = format!(" `{name}`");
    quote!(#[doc = #line])
}

/// A line in which nothing means something to Markdown.
fn plain(line: &str) -> String {
    let is_word = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    let mut out = String::with_capacity(line.len());
    let mut before = None;
    let mut letters = line.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let is_number = || !out.is_empty() && out.bytes().all(|byte| byte.is_ascii_digit());
        let means = match letter {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~' => true,
            // Inside of a word it is a letter of a name.
            '_' => !(is_word(before) && is_word(next)),
            '&' => next == Some('#') || is_word(next),
            '!' => next == Some('['),
            ':' => line[at..].starts_with("://"),
            '#' | '-' | '+' | '=' => at == 0,
            '.' | ')' => is_number(),
            _ => false,
        };
        if means {
            out.push('\\');
        }
        out.push(letter);
        before = Some(letter);
    }
    out
}

/// Whether rustc refuses the character in comments: controls, and what turns the direction of text.
pub(super) fn is_refused(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// What of a request is meant.
pub(super) fn asked(value: RequestValue) -> TokenStream {
    match value {
        RequestValue::User => quote!(rt::RequestValue::User),
        RequestValue::Roles => quote!(rt::RequestValue::Roles),
        RequestValue::Session => quote!(rt::RequestValue::Session),
        RequestValue::Node => quote!(rt::RequestValue::Node),
        RequestValue::RequestId => quote!(rt::RequestValue::RequestId),
        RequestValue::Now => quote!(rt::RequestValue::Now),
    }
}

/// `static NAME: [TYPE; N] = […];`, one entry a line.
pub(super) fn table(name: &str, ty: &str, entries: &[TokenStream]) -> String {
    list(name, ty, &entries.iter().map(line).collect::<Vec<_>>())
}

/// The same, of entries that have lines of their own.
pub(super) fn list(name: &str, ty: &str, entries: &[String]) -> String {
    let mut out = format!("static {name}: [{ty}; {}] = [\n", entries.len());
    for entry in entries {
        out.extend([&*indented(entry), ",\n"]);
    }
    out.push_str("];\n");
    out
}

/// `TYPE { NAME: VALUE, … }`, one member a line.
pub(super) fn record<'a>(ty: &str, members: impl IntoIterator<Item = (&'a str, TokenStream)>) -> String {
    let mut out = format!("{ty} {{\n");
    for (name, value) in members {
        out.extend(["    ", name, ": ", &line(&value), ",\n"]);
    }
    out.push('}');
    out
}

/// `HEAD = EXPRESSION`, and on lines of their own the calls that follow it.
pub(super) fn chain(head: &str, expression: &TokenStream, calls: &[String]) -> String {
    let mut out = format!("{head} = {}", line(expression));
    for call in calls.iter().filter(|call| !call.is_empty()) {
        out.extend(["\n", &*indented(call)]);
    }
    out.push_str(";\n");
    out
}

/// Lines, one step further in. A literal of several lines has none here: line feeds are escaped.
fn indented(lines: &str) -> String {
    lines.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// Tokens of an expression on one line.
pub(super) fn line(tokens: &TokenStream) -> String {
    let mut out = String::new();
    push(tokens.clone(), &mut out);
    out
}

fn push(tokens: TokenStream, out: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => (" { ", " }"),
                    Delimiter::None => ("", ""),
                };
                out.push_str(open);
                push(group.stream(), out);
                // A comma before the end is for tables that break, not for a line.
                let kept = out.trim_end_matches(' ').trim_end_matches(',').len();
                out.truncate(kept);
                out.push_str(close);
            }
            TokenTree::Punct(punct) => {
                out.push(punct.as_char());
                let is_path = out.ends_with("::") || punct.spacing() == Spacing::Joint;
                if matches!(punct.as_char(), ',' | ':') && !is_path {
                    out.push(' ');
                }
            }
            TokenTree::Ident(ident) => out.push_str(&ident.to_string()),
            TokenTree::Literal(literal) => out.push_str(&literal.to_string()),
        }
    }
}

/// `&[0, 1]`
pub(super) fn indices(indices: &[usize]) -> TokenStream {
    let indices = indices.iter().map(|index| Literal::usize_unsuffixed(*index));
    quote!(&[#(#indices),*])
}
