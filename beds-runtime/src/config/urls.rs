//! Addresses with passwords, which are shown to nobody.

use std::{fmt, path::Path};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::ConfigError;

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

    fn with_password(&self, password: &str) -> Result<Self, ConfigError> {
        let mut url = Url::parse(self.expose())
            .map_err(|error| ConfigError::new(format!("{}: {error}", self.redacted())))?;
        url.set_password(Some(password))
            .map_err(|()| ConfigError::new(format!("{} cannot have a password", self.redacted())))?;
        Ok(Self::new(String::from(url)))
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

/// The password in a file, without the newline at its end.
pub(super) fn read_password(path: Option<&Path>) -> Result<Option<String>, ConfigError> {
    let Some(path) = path else { return Ok(None) };
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::new(format!("pass_file {}: {error}", path.display())))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Puts a password into URLs, if there is one.
pub(super) fn apply_password<'a>(
    password: Option<&str>,
    urls: impl Iterator<Item = &'a mut SecretUrl>,
) -> Result<(), ConfigError> {
    if let Some(password) = password {
        for url in urls {
            *url = url.with_password(password)?;
        }
    }
    Ok(())
}
