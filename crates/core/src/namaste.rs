//! [`NamasteCore`], the one trait of all data domains, and [`Factory`], the static match over them.
//!
//! The template compiler implements both. Neither is ever used as a trait object: a request reaches its
//! domain through a `match` on an enum, and its operation through a `match` on [`Request`].
//!
//! An operation gives [`Work`]: a plan, which the runner of the node runs, or the future of a hand-written method. So
//! the code of a domain is data and one-line functions. It has no state machine of its own.

use beds_protocol::{
    CallRequest, CountRequest, CreateRequest, DeleteRequest, DescribeRequest, FetchRequest, Operation,
    UpdateRequest, UpsertRequest,
};

use crate::{
    access::conceal,
    context::Context,
    error::{Error, Result},
    spec::{Call, Domain},
    work::Work,
};

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
    /// `upsert`
    Upsert(UpsertRequest),
    /// `delete`
    Delete(DeleteRequest),
    /// `describe`
    Describe(DescribeRequest),
    /// `call.NAME`
    Call(&'static Call, CallRequest),
}

impl Request {
    /// The operation.
    #[must_use]
    pub const fn operation(&self) -> Operation<'static> {
        match self {
            Self::Fetch(_) => Operation::Fetch,
            Self::Count(_) => Operation::Count,
            Self::Create(_) => Operation::Create,
            Self::Update(_) => Operation::Update,
            Self::Upsert(_) => Operation::Upsert,
            Self::Delete(_) => Operation::Delete,
            Self::Describe(_) => Operation::Describe,
            Self::Call(call, _) => Operation::Call(call.name),
        }
    }
}

/// A data domain.
///
/// The compiler implements the operations that the template declares, each by one function that makes a plan. The
/// others keep the default, which answers `unknown_operation`. A hand-written domain may replace any of them.
///
/// # Errors
/// Every operation fails with `validation_failed` if the request contradicts the template.
#[expect(clippy::missing_errors_doc, reason = "said once, above")]
pub trait NamasteCore: Send + Sync + 'static {
    /// What the template says.
    fn domain() -> &'static Domain;

    /// The call with this name.
    fn find_call(_name: &str) -> Option<&'static Call> {
        None
    }

    /// Reads one record by key, or many by filter.
    fn fetch(_cx: &Context, _request: FetchRequest) -> Result<Work> {
        Err(Error::not_offered(Self::domain(), Operation::Fetch))
    }

    /// Counts records by filter.
    fn count(_cx: &Context, _request: CountRequest) -> Result<Work> {
        Err(Error::not_offered(Self::domain(), Operation::Count))
    }

    /// Creates one record or many.
    fn create(_cx: &Context, _request: CreateRequest) -> Result<Work> {
        Err(Error::not_offered(Self::domain(), Operation::Create))
    }

    /// Changes one record, or many by filter.
    fn update(_cx: &Context, _request: UpdateRequest) -> Result<Work> {
        Err(Error::not_offered(Self::domain(), Operation::Update))
    }

    /// Creates one record or many, or changes existing records with the same keys.
    fn upsert(_cx: &Context, _request: UpsertRequest) -> Result<Work> {
        Err(Error::not_offered(Self::domain(), Operation::Upsert))
    }

    /// Deletes one record, or many by filter.
    fn delete(_cx: &Context, _request: DeleteRequest) -> Result<Work> {
        Err(Error::not_offered(Self::domain(), Operation::Delete))
    }

    /// Runs a call of the domain.
    fn call(cx: &Context, call: &'static Call, request: CallRequest) -> Result<Work> {
        crate::operation::call(cx, Self::domain(), call, request)
    }

    /// Describes what the domain offers.
    fn describe(cx: &Context, _request: DescribeRequest) -> Result<Work> {
        crate::operation::describe(cx, Self::domain())
    }
}

/// All domains of a node: a static match from a template's name to its [`NamasteCore`].
pub trait Factory: Send + Sync + 'static {
    /// One variant for each domain.
    type Template: Copy + Send + Sync + 'static;

    /// Every domain, in order of name.
    fn domains() -> Vec<&'static Domain>;

    /// The template with this wire name.
    fn template(name: &str) -> Option<Self::Template>;

    /// What the template says.
    fn domain(template: Self::Template) -> &'static Domain;

    /// The call of a template with this name.
    fn call(template: Self::Template, name: &str) -> Option<&'static Call>;

    /// The work for a request to a template.
    ///
    /// # Errors
    /// `validation_failed`, if the request contradicts the template; `unknown_operation`, if the template does not
    /// offer the operation.
    fn dispatch(template: Self::Template, cx: &Context, request: Request) -> Result<Work>;
}

/// The work for a request in the domain `D`: the inner match of the factory.
///
/// # Errors
/// As [`Factory::dispatch`].
pub fn dispatch<D: NamasteCore>(cx: &Context, request: Request) -> Result<Work> {
    let (domain, operation) = (D::domain(), request.operation());
    // A method is judged before it begins. A plan is judged once more where it is made, since a method may ask another
    // domain.
    let hidden = cx.allowed(domain, operation)?.into_hidden();
    match dispatch_judged::<D>(cx, request) {
        Ok(Work::Method(running)) if !hidden.is_empty() => {
            Ok(Work::method(async move { conceal::result(running.await, domain, &hidden) }))
        }
        Ok(Work::Done(outcome)) if !hidden.is_empty() && operation != Operation::Describe => {
            conceal::result(Ok(outcome), domain, &hidden).map(Work::Done)
        }
        work => work,
    }
}

fn dispatch_judged<D: NamasteCore>(cx: &Context, request: Request) -> Result<Work> {
    match request {
        Request::Fetch(request) => D::fetch(cx, request),
        Request::Count(request) => D::count(cx, request),
        Request::Create(request) => D::create(cx, request),
        Request::Update(request) => D::update(cx, request),
        Request::Upsert(request) => D::upsert(cx, request),
        Request::Delete(request) => D::delete(cx, request),
        Request::Describe(request) => D::describe(cx, request),
        Request::Call(call, request) => D::call(cx, call, request),
    }
}
