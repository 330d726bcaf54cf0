//! The modules of a crate, from its sources: which modules there are, what each brings into scope, and which paths it
//! names.
//!
//! Sources are read as tokens, so that paths in macros count, and those in strings and comments do not. Code that
//! exists only in tests (`#[cfg(test)]`) is left out.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// A module's path from the root of its crate. The path of the root is empty.
pub(crate) type ModulePath = Vec<String>;

/// A crate's modules, by their path.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    pub(crate) modules: BTreeMap<ModulePath, Module>,
}

/// The content of one module.
#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) file: PathBuf,
    /// The paths that the module names, in `use` and elsewhere.
    pub(crate) paths: Vec<Named>,
    /// The names that `use` brings into its scope.
    pub(crate) imports: BTreeMap<String, Vec<String>>,
    /// Paths whose whole content comes into its scope by `use …::*`.
    pub(crate) globs: Vec<Vec<String>>,
    /// Every word in the module, with its first line.
    pub(crate) words: BTreeMap<String, usize>,
}

/// A path as it is written, from `crate`, `self`, `super` or a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
}

impl Crate {
    /// Reads the crate with this root file.
    pub(crate) fn read(root: &Path) -> Self {
        let mut modules = Self::default();
        let folder = root.parent().unwrap().to_owned();
        modules.file(root, &folder, &[]);
        modules
    }

    /// Reads a file. `folder` is the folder of its children's files.
    fn file(&mut self, file: &Path, folder: &Path, path: &[String]) {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.body(tokens, file, folder, path);
    }

    /// Reads the items of a module.
    fn body(&mut self, tokens: TokenStream, file: &Path, folder: &Path, path: &[String]) {
        let mut module = Module { file: file.to_owned(), ..Module::default() };
        let mut children = Vec::new();
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        module.scan(&tokens, Some(&mut children));
        self.modules.insert(path.to_vec(), module);
        for Child { name, body } in children {
            let inside = folder.join(&name);
            let path: ModulePath = path.iter().cloned().chain([name.clone()]).collect();
            if let Some(body) = body {
                self.body(body, file, &inside, &path);
                continue;
            }
            let flat = folder.join(format!("{name}.rs"));
            let nested = inside.join("mod.rs");
            self.file(if flat.exists() { &flat } else { &nested }, &inside, &path);
        }
    }
}

/// A module that is declared in another one.
struct Child {
    name: String,
    /// `None` if the module is a separate file.
    body: Option<TokenStream>,
}

impl Module {
    /// Collects words, paths and imports from tokens. `children` are collected only where items may stand.
    fn scan(&mut self, tokens: &[TokenTree], mut children: Option<&mut Vec<Child>>) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    if let Some(attribute) = group(tokens.get(at), Delimiter::Bracket) {
                        at += 1;
                        if is_for_tests(&attribute) {
                            at = end_of_item(tokens, at);
                        } else {
                            self.scan(&attribute, None);
                        }
                    }
                }
                TokenTree::Ident(word) if word == "use" => {
                    let end = end_of_item(tokens, at);
                    let is_item = children.is_some();
                    self.import(&tokens[at..end], &[], is_item);
                    at = end;
                }
                TokenTree::Ident(word) if word == "mod" && children.is_some() => {
                    if let (Some(TokenTree::Ident(name)), Some(children)) =
                        (tokens.get(at), children.as_deref_mut())
                    {
                        let body = match tokens.get(at + 1) {
                            Some(TokenTree::Group(body)) => Some(body.stream()),
                            _ => None,
                        };
                        children.push(Child { name: bare(name), body });
                        at += 2;
                    }
                }
                TokenTree::Ident(word) => {
                    self.words.entry(bare(word)).or_insert(word.span().start().line);
                    let (path, end) = path(tokens, at - 1);
                    if path.len() > 1 {
                        for word in &path {
                            self.words.entry(word.clone()).or_insert(token.span().start().line);
                        }
                        self.paths.push(Named { path, line: token.span().start().line });
                    }
                    at = end;
                }
                TokenTree::Group(group) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    // The path in `pub(in crate::a)` does not count: it is not a use of that module, but permits a use
                    // by it.
                    let is_visibility = matches!(inner.first(), Some(TokenTree::Ident(word)) if word == "in");
                    if !is_visibility {
                        self.scan(&inner, None);
                    }
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    /// Reads the tokens after `use`. `above` is the path before its braces.
    fn import(&mut self, tokens: &[TokenTree], above: &[String], is_item: bool) {
        for tree in tokens.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')) {
            let Some(first) = tree.first() else { continue };
            let line = first.span().start().line;
            let (names, end) = match first {
                TokenTree::Ident(_) => path(tree, 0),
                // `use ::other::…`, `use {…}`
                TokenTree::Punct(_) | TokenTree::Group(_) | TokenTree::Literal(_) => (Vec::new(), 0),
            };
            let is_external = above.is_empty() && matches!(first, TokenTree::Punct(_)) && tree.len() > 1;
            if is_external && !is_glob(first) {
                continue;
            }
            let full: Vec<String> = above
                .iter()
                .cloned()
                .chain(names)
                .filter(|name| name != "self" || above.is_empty())
                .collect();
            let rest: Vec<&TokenTree> = tree[end..]
                .iter()
                .filter(
                    |token| !matches!(token, TokenTree::Punct(punct) if matches!(punct.as_char(), ':' | ';')),
                )
                .collect();
            match rest.first() {
                Some(TokenTree::Group(group)) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    self.import(&inner, &full, is_item);
                }
                Some(star) if is_glob(star) => {
                    self.paths.push(Named { path: full.clone(), line });
                    if is_item {
                        self.globs.push(full);
                    }
                }
                rest => {
                    let renamed = match rest {
                        Some(TokenTree::Ident(word)) if *word == "as" => tree.last(),
                        _ => None,
                    };
                    let name = match renamed {
                        Some(TokenTree::Ident(name)) => Some(bare(name)),
                        _ => full.last().cloned(),
                    };
                    self.paths.push(Named { path: full.clone(), line });
                    if let (true, Some(name)) = (is_item, name) {
                        self.imports.insert(name, full);
                    }
                }
            }
        }
    }
}

fn is_glob(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '*')
}

fn bare(word: &Ident) -> String {
    word.to_string().trim_start_matches("r#").to_owned()
}

/// The path that begins with the word at `start`, and the place after it.
fn path(tokens: &[TokenTree], start: usize) -> (Vec<String>, usize) {
    let is_colon =
        |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    let mut path = Vec::new();
    let mut at = start;
    while let Some(TokenTree::Ident(word)) = tokens.get(at) {
        path.push(bare(word));
        at += 1;
        if !(is_colon(at) && is_colon(at + 1) && matches!(tokens.get(at + 2), Some(TokenTree::Ident(_)))) {
            break;
        }
        at += 2;
    }
    (path, at)
}

fn group(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<Vec<TokenTree>> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => {
            Some(group.stream().into_iter().collect())
        }
        _ => None,
    }
}

/// Whether an attribute is `cfg(test)` or the like.
fn is_for_tests(attribute: &[TokenTree]) -> bool {
    let is_cfg = matches!(attribute.first(), Some(TokenTree::Ident(word)) if word == "cfg");
    let condition = group(attribute.get(1), Delimiter::Parenthesis).unwrap_or_default();
    let condition: Vec<String> = condition.iter().map(ToString::to_string).collect();
    is_cfg && condition.iter().any(|part| part == "test") || condition.concat().starts_with("all(test")
}

/// The place after the item that begins at `at`: after its `;` or its braces.
fn end_of_item(tokens: &[TokenTree], at: usize) -> usize {
    let is_use = matches!(tokens.get(at.wrapping_sub(1)), Some(TokenTree::Ident(word)) if word == "use");
    let ends = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => !is_use && group.delimiter() == Delimiter::Brace,
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    };
    tokens[at..].iter().position(ends).map_or(tokens.len(), |length| at + length + 1)
}
