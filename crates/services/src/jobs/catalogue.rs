//! [`Catalogue`]: the domains of a node by their names, for jobs that have names as arguments.

use beds_core::{
    Error, Result, context::Context, namaste::Request, outcome::Outcome, spec::Domain, work::Work,
};
use beds_protocol::nearest;

/// The work for a request to the template of this name.
pub type Dispatch = fn(&str, &Context, Request) -> Result<Work>;

/// The domains that a node serves, by name.
#[derive(Debug)]
pub struct Catalogue {
    domains: Vec<&'static Domain>,
    dispatch: Dispatch,
}

impl Catalogue {
    /// A catalogue of these domains.
    #[must_use]
    pub const fn new(domains: Vec<&'static Domain>, dispatch: Dispatch) -> Self {
        Self { domains, dispatch }
    }

    /// The domain of this name.
    ///
    /// # Errors
    /// `unknown_template`, with the nearest name.
    pub fn domain(&self, name: &str) -> Result<&'static Domain> {
        self.domains.iter().find(|domain| domain.name == name).copied().ok_or_else(|| {
            let error = Error::unknown_template(name);
            match nearest(name, self.domains.iter().map(|domain| domain.name)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            }
        })
    }

    /// The work for a request to a domain, the same as for a client's request.
    ///
    /// # Errors
    /// The errors of the operation.
    pub fn plan(&self, cx: &Context, domain: &'static Domain, request: Request) -> Result<Work> {
        (self.dispatch)(domain.name, cx, request)
    }

    /// Runs a request to a domain.
    ///
    /// # Errors
    /// The errors of the operation.
    pub async fn run(&self, cx: &Context, domain: &'static Domain, request: Request) -> Result<Outcome> {
        cx.run(self.plan(cx, domain, request)).await
    }
}
