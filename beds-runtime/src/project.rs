//! [`Project`]: what a project brings to its node.

use std::sync::Arc;

use beds_core::{Factory, Runner, access::Rules, service::Service, settings::Limits, spec::Domain};

use crate::domains::Domains;

/// Serves some of a project's domains, by what runs their plans and judges their callers.
type Serve = fn(Vec<&'static Domain>, Arc<dyn Runner>, Limits, Rules) -> Arc<dyn Service>;

/// The domains of a project, and how they are served.
///
/// It is where the project's types end. All that comes after is compiled once, with the runtime, so that a changed
/// template costs the compilation of the domains and of nothing else.
#[derive(Debug)]
pub struct Project {
    /// Every domain, in order of name.
    pub domains: Vec<&'static Domain>,
    pub(crate) service: Serve,
}

impl Project {
    /// The project of this factory.
    #[must_use]
    pub fn of<F: Factory>() -> Self {
        let service: Serve = |served, runner, limits, rules| {
            Arc::new(Domains::<F>::new(served, runner, limits).ruled_by(rules))
        };
        Self { domains: F::domains(), service }
    }
}
