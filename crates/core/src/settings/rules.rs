//! The rules for the URL of each server. A part that nobody reads would be replaced by a default without notice. So
//! every part is understood, or refused by its name.

mod link;

use std::ops::RangeInclusive;

use beds_protocol::nearest;

use super::url::{Parts, SecretUrl, decoded};

/// The rules for URLs of one kind of server.
#[derive(Debug)]
pub struct Rules {
    server: &'static str,
    example: &'static str,
    schemes: &'static [&'static str],
    login: Login,
    /// The meaning of the path, for messages.
    path: &'static str,
    hosts: Hosts,
    encrypted: Encrypted,
    /// Whether keys are case-sensitive.
    exact: bool,
    keys: &'static [(&'static str, Value)],
}

/// How a URL asks for an encrypted link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encrypted {
    /// By this scheme.
    Scheme(&'static str),
    /// By `ssl-mode`. Without it a link that leaves the machine is encrypted and verified.
    Mode,
    /// By `tls=true`, or by a scheme that implies it.
    Key,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Login {
    /// A user with a password; without either, RabbitMQ's own `guest`, as in every client library.
    UserOrGuest,
    /// A user, with or without a password.
    User,
    /// None, or a user with a password. With some values of this key the password may be missing.
    Optional { mechanism: &'static str, without_password: &'static [&'static str] },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hosts {
    One,
    /// One host, or none if this key is given.
    OneOr(&'static str),
    Several,
}

/// The form of a key's value.
#[derive(Debug)]
enum Value {
    Text,
    Bool,
    Integer(RangeInclusive<u64>),
    /// The configuration has a key of its own for it, in its section `tls`.
    Tls(&'static str),
    /// One of these; case is ignored.
    OneOf(&'static [&'static str]),
    /// One of these, spelled exactly so.
    Exactly(&'static [&'static str]),
    /// Any number of texts.
    Texts,
}

use Value::{Bool, Exactly, Integer, OneOf, Text, Texts, Tls};

const MILLISECONDS: Value = Integer(0..=u32::MAX as u64);
const COUNT: Value = Integer(0..=u32::MAX as u64);

/// RabbitMQ: `amqp://` and `amqps://`.
pub static RABBITMQ: Rules = Rules {
    server: "RabbitMQ",
    example: "amqp://USER@HOST:5672/%2f",
    schemes: &["amqp", "amqps"],
    login: Login::UserOrGuest,
    path: "virtual host",
    hosts: Hosts::One,
    encrypted: Encrypted::Scheme("amqps"),
    exact: true,
    keys: &[
        ("auth_mechanism", OneOf(&["plain", "amqplain"])),
        ("channel_max", Integer(1..=65_535)),
        ("connection_timeout", Integer(1..=u32::MAX as u64)),
        ("frame_max", Integer(4_096..=u32::MAX as u64)),
        ("heartbeat", Integer(1..=65_535)),
    ],
};

/// MariaDB: `mysql://` and `mariadb://`.
pub static MARIADB: Rules = Rules {
    server: "MariaDB",
    example: "mysql://USER@HOST:3306/SCHEMA",
    schemes: &["mysql", "mariadb"],
    login: Login::User,
    path: "schema",
    hosts: Hosts::OneOr("socket"),
    encrypted: Encrypted::Mode,
    exact: true,
    keys: &[
        // The node writes and reads UTF-8.
        ("charset", OneOf(&["utf8mb4"])),
        ("collation", Exactly(COLLATIONS)),
        ("socket", Text),
        ("ssl-ca", Tls("ca_file")),
        ("ssl-cert", Tls("cert_file")),
        ("ssl-key", Tls("key_file")),
        ("ssl-mode", SSL_MODE),
        ("sslca", Tls("ca_file")),
        ("sslcert", Tls("cert_file")),
        ("sslkey", Tls("key_file")),
        ("sslmode", SSL_MODE),
        ("statement-cache-capacity", COUNT),
    ],
};

/// The collations of UTF-8 that the driver knows.
const COLLATIONS: &[&str] = &[
    "utf8mb4_bin",
    "utf8mb4_unicode_ci",
    "utf8mb4_icelandic_ci",
    "utf8mb4_latvian_ci",
    "utf8mb4_romanian_ci",
    "utf8mb4_slovenian_ci",
    "utf8mb4_polish_ci",
    "utf8mb4_estonian_ci",
    "utf8mb4_spanish_ci",
    "utf8mb4_swedish_ci",
    "utf8mb4_turkish_ci",
    "utf8mb4_czech_ci",
    "utf8mb4_danish_ci",
    "utf8mb4_lithuanian_ci",
    "utf8mb4_slovak_ci",
    "utf8mb4_spanish2_ci",
    "utf8mb4_roman_ci",
    "utf8mb4_persian_ci",
    "utf8mb4_esperanto_ci",
    "utf8mb4_hungarian_ci",
    "utf8mb4_sinhala_ci",
    "utf8mb4_german2_ci",
    "utf8mb4_croatian_ci",
    "utf8mb4_unicode_520_ci",
    "utf8mb4_vietnamese_ci",
    "utf8mb4_0900_ai_ci",
    "utf8mb4_general_ci",
];

/// `PREFERRED` is left out: it accepts plain text if somebody on the way says that the server has nothing else.
const SSL_MODE: Value = OneOf(&["DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"]);

/// MongoDB: `mongodb://` and `mongodb+srv://`.
pub static MONGODB: Rules = Rules {
    server: "MongoDB",
    example: "mongodb://USER@HOST:27017/?authSource=DATABASE",
    schemes: &["mongodb", "mongodb+srv"],
    login: Login::Optional {
        mechanism: "authMechanism",
        without_password: &["MONGODB-X509", "MONGODB-AWS", "MONGODB-OIDC"],
    },
    path: "database",
    hosts: Hosts::Several,
    encrypted: Encrypted::Key,
    exact: false,
    keys: &[
        ("appName", Text),
        (
            "authMechanism",
            OneOf(&["SCRAM-SHA-1", "SCRAM-SHA-256", "MONGODB-X509", "MONGODB-AWS", "MONGODB-OIDC", "PLAIN"]),
        ),
        ("authMechanismProperties", Text),
        ("authSource", Text),
        ("connectTimeoutMS", MILLISECONDS),
        ("directConnection", Bool),
        ("heartbeatFrequencyMS", Integer(500..=u32::MAX as u64)),
        ("journal", Bool),
        ("loadBalanced", Bool),
        ("localThresholdMS", MILLISECONDS),
        ("maxConnecting", Integer(1..=u32::MAX as u64)),
        ("maxIdleTimeMS", MILLISECONDS),
        ("maxPoolSize", Integer(1..=u32::MAX as u64)),
        ("maxStalenessSeconds", COUNT),
        ("minPoolSize", COUNT),
        ("readConcernLevel", OneOf(&["local", "available", "majority", "linearizable", "snapshot"])),
        (
            "readPreference",
            OneOf(&["primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"]),
        ),
        ("readPreferenceTags", Texts),
        ("replicaSet", Text),
        ("retryReads", Bool),
        ("retryWrites", Bool),
        ("serverMonitoringMode", OneOf(&["stream", "poll", "auto"])),
        ("serverSelectionTimeoutMS", MILLISECONDS),
        ("srvMaxHosts", COUNT),
        ("srvServiceName", Text),
        ("ssl", Bool),
        ("tls", Bool),
        ("tlsAllowInvalidCertificates", Bool),
        ("tlsCAFile", Tls("ca_file")),
        ("tlsCertificateKeyFile", Tls("cert_file` and `key_file")),
        ("tlsInsecure", Bool),
        ("uuidRepresentation", OneOf(&["csharpLegacy", "javaLegacy", "pythonLegacy"])),
        ("w", Text),
        ("wTimeoutMS", MILLISECONDS),
    ],
};

/// How many characters of a key a message quotes.
const KEY_CHARACTERS_MAX: usize = 40;

impl Rules {
    /// Checks that every part of a URL is understood.
    ///
    /// # Errors
    /// The part that is not understood, by its name and with what to write instead, without anything of the password.
    pub fn check(&self, url: &SecretUrl) -> Result<(), String> {
        self.read(url.expose()).map(drop)
    }

    /// The parts of a URL of which every part is understood.
    ///
    /// # Errors
    /// As [`Rules::check`].
    pub fn read<'a>(&self, url: &'a str) -> Result<Parts<'a>, String> {
        if url.trim() != url {
            return Err("there are blanks before or after it: remove them".to_owned());
        }
        let parts = Parts::read(url).map_err(|reason| format!("{reason}; write it as {}", self.example))?;
        self.check_scheme(&parts)?;
        for (text, what) in [
            (parts.user, "user"),
            (parts.password, "password"),
            (parts.path, self.path),
            (parts.query, "query"),
        ] {
            // In the servers' protocols a NUL ends or separates a user, a password and a name.
            if decoded(text.unwrap_or_default(), what)?.contains('\0') {
                return Err(format!("the {what} has a NUL, `%00`, which no server accepts: remove it"));
            }
        }
        let pairs = self.pairs(&parts)?;
        self.check_login(&parts, &pairs)?;
        self.check_hosts(&parts, &pairs)?;
        let path = parts.path.unwrap_or_default();
        if path.contains('/') {
            return Err(format!("the {} is `{path}`: a `/` in its name is written as `%2f`", self.path));
        }
        Ok(parts)
    }

    /// The value of a key, decoded.
    #[must_use]
    pub fn value(&self, parts: &Parts<'_>, key: &str) -> Option<String> {
        let pairs = self.pairs(parts).ok()?;
        pairs.into_iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    fn check_scheme(&self, parts: &Parts<'_>) -> Result<(), String> {
        let Parts { scheme, .. } = parts;
        if self.schemes.contains(scheme) {
            return Ok(());
        }
        // A text before the `://` may be a misplaced password.
        let is_scheme = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.');
        if !scheme.chars().all(is_scheme) {
            return Err(format!("the text before its `://` is not a scheme; write it as {}", self.example));
        }
        let shown: String = scheme.chars().take(KEY_CHARACTERS_MAX).collect();
        Err(match nearest(&shown, self.schemes.iter().copied()) {
            Some(near) => format!("unknown scheme `{shown}://`: did you mean `{near}://`?"),
            None => {
                format!("`{shown}://` is not a scheme of {}; write it as {}", self.server, self.example)
            }
        })
    }

    /// The keys of the query with their values, decoded.
    fn pairs(&self, parts: &Parts<'_>) -> Result<Vec<(&'static str, String)>, String> {
        let mut pairs: Vec<(&'static str, String)> = Vec::new();
        for pair in parts.query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (key, kind) = self.key(key)?;
            let value = decoded(value, &format!("value of `{key}`"))?;
            if !matches!(kind, Texts) && pairs.iter().any(|(known, _)| *known == key) {
                return Err(format!("`{key}` is in the query twice"));
            }
            if let Tls(instead) = kind {
                return Err(format!("`{key}` in the query: name the file as `{instead}` under [tls]"));
            }
            kind.check(&value).map_err(|expected| match kind {
                Text | Texts | Tls(_) => format!("`{key}` in the query has no value"),
                Bool | Integer(_) | OneOf(_) | Exactly(_) => {
                    let shown: String = value.chars().take(KEY_CHARACTERS_MAX).collect();
                    format!("`{key}={shown}` in the query is not understood: it must be {expected}")
                }
            })?;
            pairs.push((key, value));
        }
        Ok(pairs)
    }

    fn key(&self, given: &str) -> Result<(&'static str, &'static Value), String> {
        let is_it = |known: &str| known == given || (!self.exact && known.eq_ignore_ascii_case(given));
        if let Some((key, kind)) = self.keys.iter().find(|(known, _)| is_it(known)) {
            return Ok((*key, kind));
        }
        let shown: String = given.chars().take(KEY_CHARACTERS_MAX).collect();
        // If a key has two spellings, the one with a hyphen is proposed.
        let is_other =
            |key: &str| self.keys.iter().any(|(one, _)| *one != key && one.replace('-', "") == key);
        let known = || self.keys.iter().map(|(key, _)| *key).filter(|key| !is_other(key));
        // A proposal that would itself be refused is no help.
        let is_taken = |key: &&str| self.keys.iter().any(|(one, kind)| one == key && !matches!(kind, Tls(_)));
        let listed = known().filter(is_taken).collect::<Vec<_>>().join(", ");
        let folded = shown.to_ascii_lowercase();
        let is_link = folded.contains("ssl") || folded.contains("tls");
        Err(match (nearest(&shown, known()), self.encrypted) {
            (Some(near), _) => {
                format!("unknown key `{shown}` in the query: did you mean `{near}`? It may be {listed}")
            }
            (None, Encrypted::Mode) if is_link => format!(
                "unknown key `{shown}` in the query: an encrypted link is `ssl-mode=VERIFY_IDENTITY`; it may be {listed}"
            ),
            (None, Encrypted::Scheme(scheme)) if is_link => format!(
                "unknown key `{shown}` in the query: an encrypted link begins with `{scheme}://`; it may be {listed}"
            ),
            (None, Encrypted::Mode | Encrypted::Scheme(_) | Encrypted::Key) => {
                format!("unknown key `{shown}` in the query; it may be {listed}")
            }
        })
    }

    fn check_login(&self, parts: &Parts<'_>, pairs: &[(&'static str, String)]) -> Result<(), String> {
        let (user, password) = (parts.user.unwrap_or_default(), parts.password);
        if user.is_empty() {
            return match (password, self.login) {
                (Some(_), _) => Err("it has a password, but no user".to_owned()),
                (None, Login::User) => Err(format!("it names no user; write it as {}", self.example)),
                (None, Login::UserOrGuest | Login::Optional { .. }) => Ok(()),
            };
        }
        let without_password = match self.login {
            Login::UserOrGuest => false,
            Login::User => true,
            Login::Optional { mechanism, without_password } => pairs.iter().any(|(key, value)| {
                *key == mechanism && without_password.iter().any(|known| known.eq_ignore_ascii_case(value))
            }),
        };
        match password {
            None if without_password => Ok(()),
            None => Err(format!(
                "the user `{user}` has no password: put it into a file, and name the file as `pass_file`"
            )),
            Some("") => Err(format!("the password of `{user}` is empty")),
            Some(_) => Ok(()),
        }
    }

    fn check_hosts(&self, parts: &Parts<'_>, pairs: &[(&'static str, String)]) -> Result<(), String> {
        let hosts = parts.hosts()?;
        let is_named = hosts.iter().all(|host| !host.name.is_empty());
        match self.hosts {
            Hosts::OneOr(key) if hosts.len() == 1 && pairs.iter().any(|(given, _)| *given == key) => Ok(()),
            _ if !is_named => Err(format!("it names no host; write it as {}", self.example)),
            Hosts::One | Hosts::OneOr(_) if hosts.len() > 1 => {
                Err("it names several hosts: write a URL for each".to_owned())
            }
            Hosts::One | Hosts::OneOr(_) | Hosts::Several => Ok(()),
        }
    }
}

impl Value {
    /// Checks that a value has this form; otherwise gives the required form.
    fn check(&self, value: &str) -> Result<(), String> {
        let (fits, expected) = match self {
            Text | Texts | Tls(_) => (!value.is_empty(), String::new()),
            Bool => (matches!(value, "true" | "false"), "true or false".to_owned()),
            Integer(range) => {
                let fits = value.parse().is_ok_and(|number| range.contains(&number));
                (fits, format!("an integer from {} to {}", range.start(), range.end()))
            }
            OneOf(known) => {
                let fits = known.iter().any(|known| known.eq_ignore_ascii_case(value));
                (fits, format!("one of {}", known.join(", ")))
            }
            Exactly(known) => (known.contains(&value), format!("one of {}", known.join(", "))),
        };
        if fits { Ok(()) } else { Err(expected) }
    }
}

#[cfg(test)]
mod tests;
