//! The addresses of servers: URLs whose password is shown to nobody, and their parts.

use core::net::Ipv6Addr;
use std::{fmt, sync::Arc};

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use super::{listed::Listed, tls::Tls};

/// One URL, or several: a list, or a string with commas between, since an environment variable can hold only a text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Urls(pub Vec<SecretUrl>);

impl<'de> Deserialize<'de> for Urls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Listed::read(deserializer, "a URL or a list of URLs")? {
            Listed::Text(text) => Self::between_commas(&text),
            Listed::Items(urls) => Self(urls),
        })
    }
}

impl Urls {
    /// The URLs in a text, with commas between.
    #[must_use]
    pub fn between_commas(text: &str) -> Self {
        let mut urls: Vec<String> = Vec::new();
        for part in text.split(',') {
            match urls.last_mut() {
                // RFC 3986 allows a plain comma in a password.
                Some(url) if !part.contains("://") => *url = format!("{url},{part}"),
                // Blanks beside a comma are ignored. Blanks around the whole text are refused, as around a single URL.
                Some(url) => {
                    url.truncate(url.trim_end().len());
                    urls.push(part.trim_start().to_owned());
                }
                None => urls.push(part.to_owned()),
            }
        }
        Self(urls.into_iter().map(SecretUrl::new).collect())
    }
}

/// Gives the present password of a URL, or the reason why there is none.
pub type PasswordSource = Arc<dyn Fn() -> Result<SecretString, String> + Send + Sync>;

/// The address of a server: a URL whose password is shown to nobody, and the other data that a connection needs.
#[derive(Clone)]
pub struct SecretUrl {
    text: SecretString,
    /// The source of the password, if it may change while the node runs.
    password: Option<PasswordSource>,
    tls: Arc<Tls>,
}

impl<'de> Deserialize<'de> for SecretUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SecretString::deserialize(deserializer).map(Self::of)
    }
}

impl SecretUrl {
    /// A URL from its text.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self::of(SecretString::from(url.into()))
    }

    fn of(text: SecretString) -> Self {
        Self { text, password: None, tls: Arc::default() }
    }

    /// The same. If the URL asks for an encrypted link, these files encrypt it.
    #[must_use]
    pub fn with_tls(self, tls: Arc<Tls>) -> Self {
        Self { tls, ..self }
    }

    /// The same, with a source that gives the password for each connection.
    #[must_use]
    pub fn with_password_from(self, source: PasswordSource) -> Self {
        Self { password: Some(source), ..self }
    }

    /// The files that encrypt its link.
    #[must_use]
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    /// The URL for a connection now, with the password that its source gives at this moment.
    ///
    /// # Errors
    /// Why there is no password now.
    pub fn current(&self) -> Result<Self, String> {
        match &self.password {
            Some(source) => self.with_password(source()?.expose_secret()),
            None => Ok(self.clone()),
        }
    }

    /// The URL with its password: for the driver only.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// The URL as it may be shown: without its password and its query.
    #[must_use]
    pub fn redacted(&self) -> String {
        let Ok(Parts { scheme, user, password, hosts, path, query: _ }) = Parts::read(self.expose()) else {
            return "(not a URL)".to_owned();
        };
        let password = if password.is_some() { ":***" } else { "" };
        let login = user.map(|user| format!("{user}{password}@")).unwrap_or_default();
        let path = path.map(|path| format!("/{path}")).unwrap_or_default();
        format!("{scheme}://{login}{hosts}{path}")
    }

    /// The hosts, with their ports if the URL names them.
    #[must_use]
    pub fn host(&self) -> String {
        Parts::read(self.expose()).map_or_else(|_| "(not a URL)".to_owned(), |parts| parts.hosts.to_owned())
    }

    /// The same URL with this password. Each character of the password arrives unchanged.
    ///
    /// # Errors
    /// Why it cannot have a password, in a sentence without the URL's own password.
    pub fn with_password(&self, password: &str) -> Result<Self, String> {
        let text = self.expose();
        let Parts { scheme, user, .. } = Parts::read(text)?;
        let Some(user) = user.filter(|user| !user.is_empty()) else {
            return Err(format!("it names no user to whom the password could belong: {scheme}://USER@…"));
        };
        let after = text.rsplit_once('@').map_or("", |(_, after)| after);
        // Every character but letters and digits is percent-encoded, the percent sign too.
        let password = utf8_percent_encode(password, NON_ALPHANUMERIC);
        let text = SecretString::from(format!("{scheme}://{user}:{password}@{after}"));
        Ok(Self { text, ..self.clone() })
    }
}

/// Compares the configured text: a password in a file is not part of it.
impl PartialEq for SecretUrl {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

/// The parts of a URL as they are written: nothing is decoded.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    /// Before the `://`.
    pub scheme: &'a str,
    /// Who logs in.
    pub user: Option<&'a str>,
    /// The password, which may be empty.
    pub password: Option<&'a str>,
    /// One host, or several with commas between, each with or without a port.
    pub hosts: &'a str,
    /// What follows the first `/` after the hosts.
    pub path: Option<&'a str>,
    /// What follows the first `?`.
    pub query: Option<&'a str>,
}

/// One host of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host<'a> {
    /// A name, an IPv4 address, or an IPv6 address without its brackets.
    pub name: &'a str,
    /// The port, if one is given.
    pub port: Option<u16>,
}

impl<'a> Host<'a> {
    /// A host by itself, with or without a port. An IPv6 address may stand without its brackets.
    ///
    /// # Errors
    /// Why the text is not a host.
    pub fn read(text: &'a str) -> Result<Self, String> {
        if text.parse::<Ipv6Addr>().is_ok() {
            return Ok(Self { name: text, port: None });
        }
        if text.is_empty() || text.contains(['/', '@', '?', '#', ',']) || text.contains(char::is_control) {
            return Err("a host is a name or an address, with or without a port, and nothing else".to_owned());
        }
        host(text)
    }
}

impl<'a> Parts<'a> {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// Why the text is not a URL, in a sentence that quotes nothing of it: a misplaced part may belong to the password.
    pub fn read(url: &'a str) -> Result<Self, String> {
        let bad = |reason: &str| Err(reason.to_owned());
        if url.trim() != url || url.chars().any(char::is_control) {
            return bad("it begins or ends with a space, or has a control character such as a line end");
        }
        let Some((scheme, rest)) = url.split_once("://") else {
            return bad("it is not a URL: it has no `://`");
        };
        if rest.contains('#') {
            return bad("a `#` is written as `%23`");
        }
        // Otherwise the text after a comma that separates URLs would be a part of the last one.
        if rest.ends_with(',') {
            return bad("it ends with a comma: a comma stands only between two URLs");
        }
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        // The apparent end of the hosts is in the middle of a password, or of a value.
        if tail.contains('@') {
            return bad(
                "a `/`, `?` or `@` within a user, a password or a value is written as `%2F`, `%3F`, `%40`",
            );
        }
        let (login, hosts) =
            authority.rsplit_once('@').map_or((None, authority), |(login, hosts)| (Some(login), hosts));
        if login.is_some_and(|login| login.contains('@')) {
            return bad("a `@` within a user or a password is written as `%40`");
        }
        let (user, password) = match login.map(|login| login.split_once(':').ok_or(login)) {
            None => (None, None),
            Some(Ok((user, password))) => (Some(user), Some(password)),
            Some(Err(user)) => (Some(user), None),
        };
        let (path, query) = tail.split_once('?').map_or((tail, None), |(path, query)| (path, Some(query)));
        let parts = Self { scheme, user, password, hosts, path: path.strip_prefix('/'), query };
        parts.hosts()?;
        Ok(parts)
    }

    /// Its hosts, at least one. The name of a host may be empty.
    ///
    /// # Errors
    /// When a port or an IPv6 address is invalid.
    pub fn hosts(&self) -> Result<Vec<Host<'a>>, String> {
        self.hosts.split(',').map(host).collect()
    }
}

fn host(text: &str) -> Result<Host<'_>, String> {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let address = rest.split_once(']').filter(|(address, _)| address.parse::<Ipv6Addr>().is_ok());
            let Some((address, port)) = address else {
                return Err("the text in `[…]` is not an IPv6 address".to_owned());
            };
            match port.strip_prefix(':') {
                Some(port) => (address, Some(port)),
                None if port.is_empty() => (address, None),
                None => return Err("only a port may follow the `]` of an IPv6 address".to_owned()),
            }
        }
        None if text.matches(':').count() > 1 => {
            return Err("an IPv6 address needs brackets, as in `[::1]`".to_owned());
        }
        None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    if name.contains([' ', '[', ']']) {
        return Err("a host has a space or a bracket".to_owned());
    }
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let port = match port {
        None => None,
        Some(text) => match text.parse::<u16>() {
            Ok(port) if port > 0 && is_port(text) => Some(port),
            _ => return Err("the port of a host is not a number from 1 to 65535".to_owned()),
        },
    };
    Ok(Host { name, port })
}

/// A part of a URL, decoded: codes such as `%2F` become the characters that they stand for.
///
/// # Errors
/// What is wrong with a code, without the text.
pub fn decoded(text: &str, what: &str) -> Result<String, String> {
    let is_code =
        |after: &str| after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    if !text.split('%').skip(1).all(is_code) {
        return Err(format!(
            "a `%` in the {what} is written as `%25`: a single `%` begins a code such as `%2F`"
        ));
    }
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| format!("the codes in the {what} are not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Parts<'_>, String> {
        Parts::read(url)
    }

    #[test]
    fn a_url_is_taken_apart_as_it_is_written() {
        let parts = read("amqp://u%40v:p:w%2F@[::1]:5672/a%2fb?heartbeat=5&x=?").unwrap();
        assert_eq!((parts.scheme, parts.user, parts.password), ("amqp", Some("u%40v"), Some("p:w%2F")));
        assert_eq!(
            (parts.hosts, parts.path, parts.query),
            ("[::1]:5672", Some("a%2fb"), Some("heartbeat=5&x=?"))
        );
        let parts = read("mongodb://a:1,b,[2001:db8::1]:2/").unwrap();
        let hosts: Vec<_> = parts.hosts().unwrap().into_iter().map(|host| (host.name, host.port)).collect();
        assert_eq!(hosts, [("a", Some(1)), ("b", None), ("2001:db8::1", Some(2))]);
        assert_eq!((parts.user, parts.path, parts.query), (None, Some(""), None));
        let parts = read("mysql://u:@h").unwrap();
        assert_eq!((parts.user, parts.password, parts.path), (Some("u"), Some(""), None));
    }

    #[test]
    fn what_is_no_url_is_refused_and_nothing_of_it_is_quoted() {
        for (url, reason) in [
            ("secret", "no `://`"),
            ("amqp:secret", "no `://`"),
            (" amqp://h", "space"),
            ("amqp://u:sec\nret@h", "line end"),
            ("amqp://u:se#cret@h", "%23"),
            ("amqp://u:sec/ret@h", "%2F"),
            ("amqp://u:sec?ret@h/v", "%3F"),
            ("amqp://u:p@x/secret@h", "%40"),
            ("amqp://u:secret", "port"),
            ("amqp://h:", "port"),
            ("amqp://h:0", "port"),
            ("amqp://h:65536", "port"),
            ("amqp://h:+1", "port"),
            ("amqp://::1:5672", "brackets"),
            ("amqp://[secret]:1", "IPv6"),
            ("amqp://[::1", "IPv6"),
            ("amqp://[::1%25lo]", "IPv6"),
            ("amqp://[::1]5", "only a port"),
            ("amqp://a b", "space"),
        ] {
            let Err(error) = read(url) else { panic!("{url} is read") };
            assert!(error.contains(reason) && !error.contains("secret"), "{url}: {error}");
            assert!(!SecretUrl::new(url).redacted().contains("sec"), "{url}");
        }
    }

    #[test]
    fn a_url_is_shown_without_password_and_query() {
        for (url, shown) in [
            ("amqp://u:p@h:1/%2f?heartbeat=1", "amqp://u:***@h:1/%2f"),
            ("amqp://h", "amqp://h"),
            ("mongodb://u:p%40@a:1,b:2/?tls=true", "mongodb://u:***@a:1,b:2/"),
            ("amqp://u:p@[::1]/", "amqp://u:***@[::1]/"),
            ("nonsense", "(not a URL)"),
        ] {
            assert_eq!(SecretUrl::new(url).redacted(), shown);
        }
    }

    #[test]
    fn a_password_arrives_character_by_character() {
        for password in ["pa%41ss", "50%fe", "p@:/?#[]!$&'()*+,;= \u{fc}", "%", " x "] {
            for url in ["amqp://u@h:1/%2f?heartbeat=1", "amqp://u:other@h:1/%2f?heartbeat=1"] {
                let url = SecretUrl::new(url).with_password(password).unwrap();
                let parts = read(url.expose()).unwrap();
                assert_eq!(decoded(parts.password.unwrap(), "password").unwrap(), password);
                assert_eq!((parts.user, parts.hosts, parts.path), (Some("u"), "h:1", Some("%2f")));
                assert_eq!(parts.query, Some("heartbeat=1"));
            }
        }
        let url = SecretUrl::new("mongodb://u@a:1,b:2/?x=y").with_password("s").unwrap();
        assert_eq!(url.expose(), "mongodb://u:s@a:1,b:2/?x=y");
        for url in ["amqp://h", "amqp://@h", "amqp://:p@h", "nonsense"] {
            assert!(SecretUrl::new(url).with_password("p").is_err(), "{url}");
        }
    }

    #[test]
    fn a_password_of_a_source_is_as_new_for_each_connection() {
        let count = std::sync::atomic::AtomicU8::new(0);
        let next = move || match count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            2 => Err("it is gone".to_owned()),
            count => Ok(SecretString::from(format!("p{count}"))),
        };
        let url = SecretUrl::new("amqp://u:old@h").with_password_from(Arc::new(next));
        assert_eq!(url.current().unwrap().expose(), "amqp://u:p0@h");
        assert_eq!(url.current().unwrap().expose(), "amqp://u:p1@h");
        assert_eq!(url.current().unwrap_err(), "it is gone");
        assert_eq!(SecretUrl::new("amqp://u:old@h").current().unwrap().expose(), "amqp://u:old@h");
    }

    #[test]
    fn a_code_is_two_digits_of_utf_8() {
        assert_eq!(decoded("a%2Fb", "x").unwrap(), "a/b");
        for text in ["%", "a%4", "%zz", "50%fe"] {
            assert!(decoded(text, "password").unwrap_err().contains("the password"), "{text}");
        }
    }
}
