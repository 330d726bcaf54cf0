//! [`Project`]: the parts that a project brings to its node.

use std::sync::Arc;

use beds_core::{
    Error, Factory, Runner, access::Rules, extensions::Extensions, service::Service, settings::Limits,
    spec::Domain,
};

use beds_services::jobs::Dispatch;

use crate::domains::Domains;

/// What it takes to serve a project's domains.
pub(crate) struct Serving {
    /// The domains to serve.
    pub(crate) domains: Vec<&'static Domain>,
    /// Runs their plans.
    pub(crate) runner: Arc<dyn Runner>,
    /// The limits of a request.
    pub(crate) limits: Limits,
    /// The access rules.
    pub(crate) rules: Rules,
    /// The extensions for hand-written functions.
    pub(crate) extensions: Arc<Extensions>,
}

/// Serves a project's domains.
type Serve = fn(Serving) -> Arc<dyn Service>;

/// The domains of a project, and how they are served.
///
/// A project's types end here. All further code is compiled once, with the runtime. So a changed template costs only
/// the compilation of the domains.
#[derive(Debug)]
pub struct Project {
    /// Every domain, in order of name.
    pub domains: Vec<&'static Domain>,
    pub(crate) service: Serve,
    /// Sends a request to a domain by its name, for jobs.
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
