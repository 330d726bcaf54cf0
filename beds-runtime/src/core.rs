//! [`NamasteCore`], the one trait of all data domains, and [`Factory`], the static match over them.
//!
//! The template compiler implements both. Neither is ever used as a trait object: a request reaches its
//! domain through a `match` on an enum, and its operation through a `match` on [`Request`].

use std::future::{Future, ready};

use beds_protocol::{
    CallRequest, CountRequest, CreateRequest, DeleteRequest, DescribeRequest, FetchRequest, UpdateRequest,
};

use crate::{context::Context, error::Error, outcome::Outcome, spec::Domain};

/// What an operation gives: the members of a reply, or why there is none.
pub type Result<T = Outcome> = std::result::Result<T, Error>;

/// A request whose body has been read.
#[derive(Debug, Clone)]
pub enum Request {
    /// `fetch`
    Fetch(FetchRequest),
    /// `count`
    Count(CountRequest),
    /// `create`
    Create(CreateRequest),
    /// `update`
    Update(UpdateRequest),
    /// `delete`
    Delete(DeleteRequest),
    /// `describe`
    Describe(DescribeRequest),
    /// `call.NAME`
    Call(String, CallRequest),
}

/// A data domain.
///
/// The compiler implements the operations that the template declares, each by one call into the adapter of its
/// engine; the others keep the default, which answers `unknown_operation`. A hand-written domain may replace
/// any of them.
pub trait NamasteCore: Send + Sync + 'static {
    /// What the template says.
    fn domain() -> &'static Domain;

    /// Reads one record by key, or many by filter.
    fn fetch(_cx: &Context, _request: FetchRequest) -> impl Future<Output = Result> + Send {
        ready(Err(Error::not_offered(Self::domain(), "fetch")))
    }

    /// Counts records by filter.
    fn count(_cx: &Context, _request: CountRequest) -> impl Future<Output = Result> + Send {
        ready(Err(Error::not_offered(Self::domain(), "count")))
    }

    /// Creates one record or many.
    fn create(_cx: &Context, _request: CreateRequest) -> impl Future<Output = Result> + Send {
        ready(Err(Error::not_offered(Self::domain(), "create")))
    }

    /// Changes one record.
    fn update(_cx: &Context, _request: UpdateRequest) -> impl Future<Output = Result> + Send {
        ready(Err(Error::not_offered(Self::domain(), "update")))
    }

    /// Deletes one record.
    fn delete(_cx: &Context, _request: DeleteRequest) -> impl Future<Output = Result> + Send {
        ready(Err(Error::not_offered(Self::domain(), "delete")))
    }

    /// Runs a named call.
    fn call(_cx: &Context, name: String, _request: CallRequest) -> impl Future<Output = Result> + Send {
        ready(Err(Error::not_offered(Self::domain(), &format!("call.{name}"))))
    }

    /// Tells what the domain offers.
    fn describe(_cx: &Context, _request: DescribeRequest) -> impl Future<Output = Result> + Send {
        ready(Ok(Outcome::description(Self::domain())))
    }
}

/// All domains of a node: a static match from a template's name to its [`NamasteCore`].
pub trait Factory: Send + Sync + 'static {
    /// One variant a domain.
    type Template: Copy + Send + Sync + 'static;

    /// Every domain, in order of name.
    fn domains() -> Vec<&'static Domain>;

    /// The template with this wire name.
    fn template(name: &str) -> Option<Self::Template>;

    /// What the template says.
    fn domain(template: Self::Template) -> &'static Domain;

    /// Runs a request in its domain.
    fn dispatch(
        template: Self::Template,
        cx: &Context,
        request: Request,
    ) -> impl Future<Output = Result> + Send;
}

/// Runs a request in the domain `D`: the inner match of the factory.
///
/// # Errors
/// What the operation answers.
pub async fn execute<D: NamasteCore>(cx: &Context, request: Request) -> Result {
    match request {
        Request::Fetch(request) => D::fetch(cx, request).await,
        Request::Count(request) => D::count(cx, request).await,
        Request::Create(request) => D::create(cx, request).await,
        Request::Update(request) => D::update(cx, request).await,
        Request::Delete(request) => D::delete(cx, request).await,
        Request::Describe(request) => D::describe(cx, request).await,
        Request::Call(name, request) => D::call(cx, name, request).await,
    }
}
