//! What several sections of the configuration are made of, and the limits on one request.
//!
//! Nothing here reads a file: the runtime's `config` does.

use std::{collections::BTreeMap, fmt, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

/// Declares a section: a struct with a default for each key, in which an unknown key is an error.
#[macro_export]
macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, $crate::__serde::Deserialize)]
        #[serde(crate = "beds_core::__serde", deny_unknown_fields, default)]
        pub struct $name { $($(#[$fdoc])* pub $field: $type,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

section! {
    /// `[limits]`
    Limits {
        /// Longest request body.
        request_bytes_max: usize = 4 << 20,
        /// Longest reply body.
        reply_bytes_max: usize = 16 << 20,
        /// Records in one `create`.
        create_records_max: usize = 1_000,
        /// Items of one `in`.
        in_items_max: usize = 500,
        /// How long a request without a deadline of its own may take.
        request_timeout_ms: Millis = Millis(10_000),
        /// The most that a request may ask for.
        request_timeout_max_ms: Millis = Millis(120_000),
    }
}

/// A duration in whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u32);

impl Millis {
    /// As a duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0 as u64)
    }
}

/// The servers of one engine, by database. A name's case is of no account, since environment variables lose it.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Servers<T>(BTreeMap<String, T>);

impl<T> Default for Servers<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Servers<T> {
    /// The server of a template's `database`.
    #[must_use]
    pub fn get(&self, database: &str) -> Option<&T> {
        self.0.get(&database.to_ascii_lowercase())
    }

    /// Every server, by the name of its section.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut T)> {
        self.0.iter_mut()
    }
}

/// One URL, or several: a list, or a string with commas between, which is all that an environment variable can say.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "OneOrManyUrls")]
pub struct Urls(pub Vec<SecretUrl>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrManyUrls {
    One(String),
    Many(Vec<SecretUrl>),
}

impl From<OneOrManyUrls> for Urls {
    fn from(urls: OneOrManyUrls) -> Self {
        match urls {
            OneOrManyUrls::One(text) => {
                let mut urls: Vec<String> = Vec::new();
                for part in text.split(',') {
                    match urls.last_mut() {
                        // A comma in a password, which RFC 3986 lets stand as it is.
                        Some(url) if !part.contains("://") => *url = format!("{url},{part}"),
                        _ => urls.push(part.trim().to_owned()),
                    }
                }
                Self(urls.into_iter().map(SecretUrl::new).collect())
            }
            OneOrManyUrls::Many(urls) => Self(urls),
        }
    }
}

/// A URL whose password is shown to nobody.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(SecretString);

impl SecretUrl {
    /// A URL from its text.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(SecretString::from(url.into()))
    }

    /// The URL with its password: for the driver only.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The URL as it may be shown.
    #[must_use]
    pub fn redacted(&self) -> String {
        match Url::parse(self.expose()) {
            Ok(mut url) => {
                if url.password().is_some() && url.set_password(Some("***")).is_err() {
                    return "***".to_owned();
                }
                url.set_query(None);
                url.to_string()
            }
            Err(_) => "(not a URL)".to_owned(),
        }
    }

    /// The same URL with this password.
    ///
    /// # Errors
    /// Why it cannot have one, in a sentence without the URL's own password.
    pub fn with_password(&self, password: &str) -> Result<Self, String> {
        let mut url = Url::parse(self.expose()).map_err(|error| format!("{}: {error}", self.redacted()))?;
        url.set_password(Some(password))
            .map_err(|()| format!("{} cannot have a password", self.redacted()))?;
        Ok(Self::new(String::from(url)))
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}
