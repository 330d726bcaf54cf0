//! Circles between the modules of a crate.
//!
//! The rule: at every level of the module tree, the sibling modules have an order in which each uses only those below
//! it. A module stands for everything inside of it: if `a::x` uses `b::y`, then `a` uses `b`. A parent and its children
//! are one thing at the parent's level. So a parent may call its children, re-export their items, and define what they
//! share. A name is followed through `use` and `pub use` to the module where it is defined: a root that re-exports
//! `compiler::Compiler` does not count as its user.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::source::{Crate, Module, ModulePath, Named};

/// Through how many `use` a name is followed at most.
const STEPS_MAX: usize = 16;

/// A use of one module by another, and the place in the source.
type Edges = BTreeMap<String, BTreeMap<String, String>>;

/// The circles of a crate, each with the uses that form it.
pub(crate) fn circles(modules: &Crate) -> Vec<String> {
    let mut levels: BTreeMap<ModulePath, Edges> = BTreeMap::new();
    for (from, module) in &modules.modules {
        for Named { path, line } in named(modules, from, module) {
            let Some(target) = resolve(modules, from, &path, STEPS_MAX) else { continue };
            let level = from.iter().zip(&target).take_while(|(a, b)| a == b).count();
            let (Some(here), Some(there)) = (from.get(level), target.get(level)) else { continue };
            let edges = levels.entry(from[..level].to_vec()).or_default();
            let from_here = edges.entry(here.clone()).or_default();
            from_here
                .entry(there.clone())
                .or_insert_with(|| format!("{}:{line}: {}", module.file.display(), path.join("::")));
        }
    }
    levels.iter().filter_map(|(level, edges)| Some(told(level, edges, &circle(edges)?))).collect()
}

/// The paths that a module names, including the names that a glob brings into its scope.
fn named(modules: &Crate, from: &ModulePath, module: &Module) -> Vec<Named> {
    let mut named = module.paths.clone();
    for glob in &module.globs {
        let Some(target) = resolve(modules, from, glob, STEPS_MAX) else { continue };
        let Some(of) = modules.modules.get(&target) else { continue };
        for (word, line) in &module.words {
            let is_child = modules.modules.contains_key(&child(&target, word));
            if is_child || of.imports.contains_key(word) {
                named.push(Named { path: glob.iter().cloned().chain([word.clone()]).collect(), line: *line });
            }
        }
    }
    named
}

fn child(path: &[String], name: &str) -> ModulePath {
    path.iter().cloned().chain([name.to_owned()]).collect()
}

/// The module to which a path leads from `from`; `None` if it is in another crate.
fn resolve(modules: &Crate, from: &ModulePath, path: &[String], steps: usize) -> Option<ModulePath> {
    let mut rest = path.iter().map(String::as_str).peekable();
    let mut at = match *rest.peek()? {
        "crate" => ModulePath::new(),
        "self" | "super" => from.clone(),
        name if modules.modules.contains_key(&child(from, name)) => from.clone(),
        _ => return None,
    };
    for name in rest {
        match name {
            "crate" | "self" => {}
            "super" => drop(at.pop()),
            name if modules.modules.contains_key(&child(&at, name)) => at.push(name.to_owned()),
            name => {
                // An item of this module, or one that it imports.
                let import = modules.modules.get(&at).and_then(|module| module.imports.get(name));
                let origin =
                    import.filter(|_| steps > 0).and_then(|import| resolve(modules, &at, import, steps - 1));
                return Some(origin.unwrap_or(at));
            }
        }
    }
    Some(at)
}

/// A circle, if there is one: the modules in the order of their uses.
fn circle(edges: &Edges) -> Option<Vec<&str>> {
    let mut done = BTreeSet::new();
    edges.keys().find_map(|start| walk(edges, start, &mut Vec::new(), &mut done))
}

fn walk<'e>(
    edges: &'e Edges,
    at: &'e str,
    way: &mut Vec<&'e str>,
    done: &mut BTreeSet<&'e str>,
) -> Option<Vec<&'e str>> {
    if let Some(begin) = way.iter().position(|known| *known == at) {
        return Some(way[begin..].to_vec());
    }
    if !done.insert(at) {
        return None;
    }
    way.push(at);
    let uses = edges.get(at).into_iter().flat_map(BTreeMap::keys);
    let found = uses.filter(|used| *used != at).find_map(|used| walk(edges, used, way, done));
    way.pop();
    found
}

fn told(level: &[String], edges: &Edges, circle: &[&str]) -> String {
    let place = if level.is_empty() { "the crate".to_owned() } else { format!("`{}`", level.join("::")) };
    let mut out = format!("a circle of modules in {place}");
    for (index, &here) in circle.iter().enumerate() {
        let there = circle[(index + 1) % circle.len()];
        write!(out, "\n    {here} -> {there}   ({})", edges[here][there]).unwrap();
    }
    out
}
