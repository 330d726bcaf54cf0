// The names of `beds_runtime::__private` that the expansions of `tests/ui/` use.

#[allow(dead_code)]
pub mod __private {
    pub use ::core::{
        option::Option::{None, Some},
        primitive::{bool, f64, i64, str, u64},
        result::Result::Ok,
    };

    #[derive(Clone)]
    pub struct Context;
    pub struct Error;
    pub struct Outcome;
    pub struct Work;
    pub type Result<T = Outcome> = std::result::Result<T, Error>;
    pub struct CreateRequest;
    pub struct Domain;
    pub struct Field;
    pub struct Type;
    pub enum Broker {
        AppRead,
        AppWrite,
    }

    pub trait NamasteCore {
        fn domain() -> &'static Domain;
        fn create(_cx: &Context, _request: CreateRequest) -> Result<Work> {
            Err(Error)
        }
    }

    pub mod operation {
        pub fn create(
            _cx: &super::Context,
            _domain: &'static super::Domain,
            _request: super::CreateRequest,
        ) -> super::Result<super::Work> {
            Err(super::Error)
        }
    }

    pub mod mariadb {
        pub struct Objects;

        impl Objects {
            pub const NONE: Self = Self;
        }
    }

    impl Context {
        pub async fn run(&self, work: Result<Work>) -> Result {
            work.map(|_| Outcome)
        }
    }

    impl Work {
        pub fn method(_running: impl Future<Output = Result> + Send + 'static) -> Self {
            Self
        }
    }

    impl Domain {
        pub const fn new(_name: &str, _description: &str, _hash: &str) -> Self {
            Self
        }
        pub const fn placed(self, _read: Broker, _write: Broker) -> Self {
            self
        }
        pub const fn mariadb(self, _database: &str, _objects: mariadb::Objects) -> Self {
            self
        }
        pub const fn fields(self, _fields: &'static [Field]) -> Self {
            self
        }
        pub const fn key(self, _key: &[usize]) -> Self {
            self
        }
        pub const fn creates(self) -> Self {
            self
        }
    }

    impl Field {
        pub const fn new(_name: &str, _column: &str, _ty: Type) -> Self {
            Self
        }
        pub const fn required(self) -> Self {
            self
        }
        pub const fn immutable(self) -> Self {
            self
        }
    }

    impl Type {
        pub const fn uint(_min: u64, _max: u64) -> Self {
            Self
        }
    }
}
