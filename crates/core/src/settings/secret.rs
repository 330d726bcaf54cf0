//! Values of the configuration that are secret, or several.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

/// A secret text, shown to nobody.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(SecretString);

impl Secret {
    /// A secret from its text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(SecretString::from(text))
    }

    /// The text: for whom it is meant only.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// One host, or several: a list, or a string with commas between.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts(pub Vec<String>);

impl Hosts {
    /// Those in a text, with commas between.
    #[must_use]
    pub fn between_commas(text: &str) -> Self {
        Self(text.split(',').map(|host| host.trim().to_owned()).collect())
    }
}

impl<'de> Deserialize<'de> for Hosts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Hosts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a host or a list of hosts")
            }

            fn visit_str<E>(self, text: &str) -> Result<Hosts, E> {
                Ok(Hosts::between_commas(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Hosts, A::Error> {
                let mut hosts = Vec::new();
                while let Some(host) = items.next_element()? {
                    hosts.push(host);
                }
                Ok(Hosts(hosts))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}
