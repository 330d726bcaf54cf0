//! From tokens to text: items as `prettyplease` lays them out, data one entry a line.
//!
//! A formatter would break each field of a domain over several lines; as a table, one line each, the data is
//! readable and the file short.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::quote;

/// Items, laid out as rustfmt would.
pub(super) fn items(tokens: &TokenStream) -> String {
    match syn::parse2(tokens.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        // Never so for what this crate emits, as the golden tests show; the plain tokens are right as well.
        Err(_) => format!("{}\n", line(tokens)),
    }
}

/// `/// text`, or nothing.
pub(super) fn doc(text: &str) -> TokenStream {
    if text.is_empty() {
        return TokenStream::new();
    }
    let lines = text.lines().map(|line| format!(" {}", line.replace(is_refused, " ").trim_end()));
    quote!(#(#[doc = #lines])*)
}

/// Whether rustc refuses the character in comments: controls, and what turns the direction of text.
pub(super) fn is_refused(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// `static NAME: [TYPE; N] = […];`, one entry a line.
pub(super) fn table(name: &str, ty: &str, entries: &[TokenStream]) -> String {
    let mut out = format!("static {name}: [{ty}; {}] = [\n", entries.len());
    for entry in entries {
        out.extend(["    ", &line(entry), ",\n"]);
    }
    out.push_str("];\n");
    out
}

/// `HEAD = EXPRESSION` and a line for each call that follows it.
pub(super) fn chain(head: &str, expression: &TokenStream, calls: &[TokenStream]) -> String {
    let mut out = format!("{head} = {}", line(expression));
    for call in calls.iter().filter(|call| !call.is_empty()) {
        out.extend(["\n    ", &line(call)]);
    }
    out.push_str(";\n");
    out
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
