//! What of a configuration lies open to others: links that they can read or answer, and files that they can read.

use std::path::PathBuf;

use beds_core::settings::{Link, MARIADB, MONGODB, RABBITMQ, Rules, SecretUrl, Tls};

use super::{Config, secrets};

impl Config {
    /// A warning for each link that leaves the machine and is not encrypted or not verified, and for each file with a
    /// secret that others than its owner may read.
    #[must_use]
    pub fn exposed(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut files: Vec<PathBuf> = Vec::new();
        let mut look = |section: String, rules: &Rules, urls: &[SecretUrl], secret: &[&Option<PathBuf>]| {
            warnings.extend(urls.iter().filter_map(|url| of_link(&section, rules, url)));
            files.extend(secret.iter().filter_map(|file| (*file).clone()));
        };
        let key = |tls: &Tls| tls.key_file.clone();
        look("amqp".to_owned(), &RABBITMQ, &self.amqp.url.0, &[&self.amqp.pass_file, &key(&self.amqp.tls)]);
        for (name, server) in self.mariadb.iter() {
            let urls: Vec<_> = server.url.iter().chain(&server.read_urls.0).cloned().collect();
            look(format!("mariadb.{name}"), &MARIADB, &urls, &[&server.pass_file, &key(&server.tls)]);
        }
        for (name, server) in self.mongodb.iter() {
            let urls: Vec<_> = server.url.iter().cloned().collect();
            look(format!("mongodb.{name}"), &MONGODB, &urls, &[&server.pass_file, &key(&server.tls)]);
        }
        files.sort();
        files.dedup();
        warnings.extend(files.iter().filter_map(|file| {
            let mode = secrets::open_mode(file)?;
            let file = file.display();
            Some(format!("{file} holds a secret and others may use it (mode {mode:03o}): chmod 600 {file}"))
        }));
        warnings
    }
}

fn of_link(section: &str, rules: &Rules, url: &SecretUrl) -> Option<String> {
    let (what, remedy) = match rules.link(url) {
        Link::Local | Link::Verified => return None,
        Link::Plain => ("is not encrypted: passwords and data can be read on the way", rules.encrypted_as()),
        Link::Unverified => {
            ("is encrypted but not verified: whoever answers is taken for the server", rules.encrypted_as())
        }
    };
    Some(format!("{section}: the link to {} {what}; write {remedy}", url.redacted()))
}
