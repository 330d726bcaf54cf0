//! Whether the URL of a server asks for an encrypted link.

use super::{Encrypted, Rules};
use crate::settings::{
    tls::{Link, is_loopback},
    url::{Parts, SecretUrl},
};

impl Rules {
    /// How to ask in a URL for a link that is encrypted and verified.
    #[must_use]
    pub const fn encrypted_as(&self) -> &'static str {
        match self.encrypted {
            Encrypted::Scheme(_) => "amqps://…",
            Encrypted::Mode => "mysql://…?ssl-mode=VERIFY_IDENTITY",
            Encrypted::Key => "mongodb://…?tls=true, without tlsInsecure and tlsAllowInvalidCertificates",
        }
    }

    /// How well the link of a URL is protected. A URL that is not understood counts as unprotected.
    #[must_use]
    pub fn link(&self, url: &SecretUrl) -> Link {
        let Ok(parts) = Parts::read(url.expose()) else { return Link::Plain };
        let value = |key| self.value(&parts, key);
        let is = |key, known: &str| value(key).is_some_and(|value| value.eq_ignore_ascii_case(known));
        let hosts = parts.hosts().unwrap_or_default();
        // Behind a socket is another program of this machine.
        let is_local = hosts.iter().all(|host| is_loopback(host.name)) || value("socket").is_some();
        let link = match self.encrypted {
            Encrypted::Scheme(scheme) if parts.scheme == scheme => Link::Verified,
            Encrypted::Scheme(_) => Link::Plain,
            Encrypted::Mode => match value("ssl-mode").or_else(|| value("sslmode")) {
                None if is_local => Link::Plain,
                None => Link::Verified,
                Some(mode) if mode.eq_ignore_ascii_case("VERIFY_IDENTITY") => Link::Verified,
                Some(mode) if mode.eq_ignore_ascii_case("DISABLED") => Link::Plain,
                Some(_) => Link::Unverified,
            },
            Encrypted::Key => {
                let is_said = is("tls", "true") || is("ssl", "true");
                let is_denied = is("tls", "false") || is("ssl", "false");
                match is_said || (parts.scheme.ends_with("+srv") && !is_denied) {
                    true if is("tlsInsecure", "true") || is("tlsAllowInvalidCertificates", "true") => {
                        Link::Unverified
                    }
                    true => Link::Verified,
                    false => Link::Plain,
                }
            }
        };
        if link == Link::Plain && is_local { Link::Local } else { link }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{MARIADB, MONGODB, RABBITMQ};

    #[test]
    fn a_link_is_protected_as_its_url_says() {
        for (rules, url, link) in [
            (&RABBITMQ, "amqp://u:p@h", Link::Plain),
            (&RABBITMQ, "amqp://u:p@[::1]", Link::Local),
            (&RABBITMQ, "amqps://u:p@h", Link::Verified),
            (&RABBITMQ, "nonsense", Link::Plain),
            (&MARIADB, "mysql://u@h/s", Link::Verified),
            (&MARIADB, "mysql://u@127.0.0.1/s", Link::Local),
            (&MARIADB, "mysql://u@/s?socket=/x", Link::Local),
            (&MARIADB, "mysql://u@127.0.0.1/s?ssl-mode=verify_identity", Link::Verified),
            (&MARIADB, "mysql://u@h/s?ssl-mode=DISABLED", Link::Plain),
            (&MARIADB, "mysql://u@h/s?sslmode=VERIFY_CA", Link::Unverified),
            (&MARIADB, "mysql://u@h/s?ssl-mode=REQUIRED", Link::Unverified),
            (&MONGODB, "mongodb://localhost,h", Link::Plain),
            (&MONGODB, "mongodb://localhost,127.0.0.1", Link::Local),
            (&MONGODB, "mongodb://h/?tls=true", Link::Verified),
            (&MONGODB, "mongodb://h/?SSL=true", Link::Verified),
            (&MONGODB, "mongodb+srv://h", Link::Verified),
            (&MONGODB, "mongodb+srv://h/?tls=false", Link::Plain),
            (&MONGODB, "mongodb://h/?tls=true&tlsinsecure=true", Link::Unverified),
            (&MONGODB, "mongodb://h/?tls=true&tlsAllowInvalidCertificates=true", Link::Unverified),
        ] {
            assert_eq!(rules.link(&SecretUrl::new(url)), link, "{url}");
        }
    }
}
