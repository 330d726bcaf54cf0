//! The Rust function behind the call `list` of the template `catalogue`: the templates that a caller can use.

use std::time::Instant;

use beds_core::{Result, context::Context, spec::Domain};
use beds_protocol::Service;
use serde::Serialize;

use crate::fleet::{Fleet, Member};

/// The templates of the node's program, as the node offers them to functions.
#[derive(Debug)]
pub struct Catalogue(pub Vec<&'static Domain>);

/// A template, as its caller sees it.
#[derive(Debug, Serialize)]
pub struct Listed {
    template: &'static str,
    description: &'static str,
    service: Service,
    hash: &'static str,
    operations: Vec<String>,
    nodes: usize,
    other_hashes: Vec<String>,
}

/// The templates in which the caller may do anything at all, in the order of their names.
///
/// # Errors
/// `internal` if the node offers no catalogue.
#[expect(clippy::unused_async, reason = "functions of calls are async")]
pub async fn list(cx: &Context, service: Option<String>, template: Option<String>) -> Result<Vec<Listed>> {
    let Catalogue(domains) = cx.extensions.get::<Catalogue>()?;
    let now = Instant::now();
    let heard = cx.extensions.get::<Fleet>()?.known().into_iter().filter(|known| !known.is_silent(now));
    let nodes: Vec<Member> = heard.map(|known| known.member).collect();
    let mut all = Vec::new();
    for domain in domains {
        let of = domain.placement.read.service();
        let is_meant = service.as_deref().is_none_or(|service| service == of.as_str())
            && template.as_deref().is_none_or(|template| template == domain.name);
        let operations: Vec<String> = if is_meant {
            cx.permitted(domain).map(|(operation, _)| operation.to_string()).collect()
        } else {
            Vec::new()
        };
        if operations.is_empty() {
            continue;
        }
        let hashes = nodes.iter().filter_map(|node| node.templates.get(domain.name));
        let (same, mut other_hashes): (Vec<&String>, Vec<&String>) =
            hashes.partition(|hash| *hash == domain.hash);
        other_hashes.sort();
        other_hashes.dedup();
        all.push(Listed {
            template: domain.name,
            description: domain.description,
            service: of,
            hash: domain.hash,
            operations,
            nodes: same.len(),
            other_hashes: other_hashes.into_iter().cloned().collect(),
        });
    }
    all.sort_by_key(|listed| listed.template);
    Ok(all)
}
