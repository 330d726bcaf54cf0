//! [`Project`]: what a project brings to its node.

use std::sync::Arc;

use beds_core::{
    Error, Factory, Runner, access::Rules, extensions::Extensions, service::Service, settings::Limits,
    spec::Domain,
};

use beds_services::jobs::Dispatch;

use crate::domains::Domains;

/// By what a project's domains are served.
pub(crate) struct Serving {
    /// Those that are served.
    pub(crate) domains: Vec<&'static Domain>,
    /// Runs their plans.
    pub(crate) runner: Arc<dyn Runner>,
    /// What one request may ask.
    pub(crate) limits: Limits,
    /// Judges their callers.
    pub(crate) rules: Rules,
    /// What their hand-written functions find.
    pub(crate) extensions: Arc<Extensions>,
}

/// Serves a project's domains.
type Serve = fn(Serving) -> Arc<dyn Service>;

/// The domains of a project, and how they are served.
///
/// It is where the project's types end. All that comes after is compiled once, with the runtime, so that a changed
/// template costs the compilation of the domains and of nothing else.
#[derive(Debug)]
pub struct Project {
    /// Every domain, in order of name.
    pub domains: Vec<&'static Domain>,
    pub(crate) service: Serve,
    /// Asks a domain by its name, for jobs.
    pub(crate) dispatch: Dispatch,
}

impl Project {
    /// The project of this factory.
    #[must_use]
    pub fn of<F: Factory>() -> Self {
        let service: Serve = |Serving { domains, runner, limits, rules, extensions }| {
            Arc::new(Domains::<F>::new(domains, runner, limits).ruled_by(rules).offering(extensions))
        };
        let dispatch: Dispatch = |name, cx, request| {
            let template = F::template(name).ok_or_else(|| Error::unknown_template(name))?;
            F::dispatch(template, cx, request)
        };
        Self { domains: F::domains(), service, dispatch }
    }
}
