//! From tokens to text: items in the layout of `prettyplease`, data with one entry per line.
//!
//! A formatter would break each field of a domain over several lines. As a table with one line per entry, the data is
//! readable and the file short.

use proc_macro2::{Delimiter, Literal, Spacing, TokenStream, TokenTree};
use quote::quote;

use crate::model::RequestValue;

/// Items in the layout of rustfmt.
pub(super) fn items(tokens: &TokenStream) -> String {
    match syn::parse2(tokens.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        // This does not happen for the output of this crate, as the golden tests show. The plain tokens are also
        // correct.
        Err(_) => format!("{}\n", line(tokens)),
    }
}

/// `/// text`, or nothing. The text is not Markdown. rustdoc shows it unchanged, without links, tags and examples.
pub(super) fn doc(text: &str) -> TokenStream {
    if text.is_empty() {
        return TokenStream::new();
    }
    // Four leading blanks would turn a line into an example.
    let lines = text.lines().map(|line| format!(" {}", plain(line.replace(is_refused, " ").trim())));
    quote!(#(#[doc = #lines])*)
}

/// Documentation that is a name.
pub(super) fn doc_name(name: &str) -> TokenStream {
    let line = format!(" `{name}`");
    quote!(#[doc = #line])
}

/// A line escaped for Markdown.
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
            // Inside a word it is a letter of a name.
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

/// Whether rustc refuses the character in comments: control characters, and characters that change the direction of
/// text.
pub(super) fn is_refused(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The value of the request.
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

/// `static NAME: [TYPE; N] = […];`, one entry per line.
pub(super) fn table(name: &str, ty: &str, entries: &[TokenStream]) -> String {
    list(name, ty, &entries.iter().map(line).collect::<Vec<_>>())
}

/// The same for entries of several lines.
pub(super) fn list(name: &str, ty: &str, entries: &[String]) -> String {
    let mut out = format!("static {name}: [{ty}; {}] = [\n", entries.len());
    for entry in entries {
        out.extend([&*indented(entry), ",\n"]);
    }
    out.push_str("];\n");
    out
}

/// `TYPE { NAME: VALUE, … }`, one member per line.
pub(super) fn record<'a>(ty: &str, members: impl IntoIterator<Item = (&'a str, TokenStream)>) -> String {
    let mut out = format!("{ty} {{\n");
    for (name, value) in members {
        out.extend(["    ", name, ": ", &line(&value), ",\n"]);
    }
    out.push('}');
    out
}

/// `HEAD = EXPRESSION`, followed by the calls on it, each on a line of its own.
pub(super) fn chain(head: &str, expression: &TokenStream, calls: &[String]) -> String {
    let mut out = format!("{head} = {}", line(expression));
    for call in calls.iter().filter(|call| !call.is_empty()) {
        out.extend(["\n", &*indented(call)]);
    }
    out.push_str(";\n");
    out
}

/// Lines, indented one level. No literal spans several lines: line feeds are escaped.
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
                // A trailing comma is for tables that break over lines, not for a single line.
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
