//! The exposed parts of a configuration: links that others can read or answer, and files that others can read.

use std::path::PathBuf;

use beds_core::settings::{Link, MARIADB, MONGODB, RABBITMQ, Rules, SecretUrl, Tls};

use super::{Config, secrets};

impl Config {
    /// A warning for each link that leaves the machine and is not encrypted or not verified, and for each file with a
    /// secret that users other than its owner may read.
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
        for (service, amqp) in &self.own_amqp {
            let section = format!("broker_services.{}", service.as_str());
            look(section, &RABBITMQ, &amqp.url.0, &[&amqp.pass_file, &key(&amqp.tls)]);
        }
        for (name, server) in self.mariadb.iter() {
            let urls: Vec<_> = server.url.0.iter().chain(&server.read_urls.0).cloned().collect();
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

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

    use super::super::{Config, Environment};

    fn exposed(variables: &[(&str, &str)]) -> Vec<String> {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        Config::load_with(Path::new("/nonexistent"), Environment::Dev, variables).unwrap().exposed()
    }

    #[test]
    fn a_link_that_leaves_the_machine_unprotected_is_told() {
        let good = [
            ("BEDS__AMQP__URL", "amqps://u:p@h"),
            ("BEDS__MARIADB__A__URL", "mysql://u@h/s"),
            ("BEDS__MARIADB__A__READ_URLS", "mysql://u@127.0.0.1/s"),
            ("BEDS__MONGODB__B__URL", "mongodb://localhost"),
        ];
        assert_eq!(exposed(&good), [""; 0]);
        let bad = [
            ("BEDS__AMQP__URL", "amqp://u:p@h"),
            ("BEDS__MARIADB__A__URL", "mysql://u@h/s?ssl-mode=REQUIRED"),
            ("BEDS__MARIADB__A__READ_URLS", "mysql://u@r/s?ssl-mode=DISABLED"),
            ("BEDS__MONGODB__B__URL", "mongodb://u:p@h/?tls=true&tlsInsecure=true"),
        ];
        let told = exposed(&bad);
        let begins = [
            "amqp: the link to amqp://u:***@h is not encrypted: ",
            "mariadb.a: the link to mysql://u@h/s is encrypted but not verified: ",
            "mariadb.a: the link to mysql://u@r/s is not encrypted: ",
            "mongodb.b: the link to mongodb://u:***@h/ is encrypted but not verified: ",
        ];
        assert_eq!(told.len(), begins.len(), "{told:?}");
        for (told, begin) in told.iter().zip(begins) {
            assert!(told.starts_with(begin), "{told}");
        }
    }

    #[test]
    fn a_file_with_a_secret_that_others_may_read_is_told_once() {
        let file = std::env::temp_dir().join(format!("beds-exposed-{}", std::process::id()));
        fs::write(&file, "secret").unwrap();
        let path = file.to_str().unwrap();
        let variables = [
            ("BEDS__AMQP__URL", "amqp://u@127.0.0.1"),
            ("BEDS__AMQP__PASS_FILE", path),
            ("BEDS__MARIADB__A__URL", "mysql://u@127.0.0.1/s"),
            ("BEDS__MARIADB__A__PASS_FILE", path),
        ];
        let of = |mode| {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            exposed(&variables)
        };
        assert_eq!(of(0o600), [""; 0]);
        assert_eq!(of(0o400), [""; 0]);
        let told = of(0o640);
        fs::remove_file(&file).unwrap();
        assert_eq!(
            told,
            [format!("{path} holds a secret and others may use it (mode 640): chmod 600 {path}")]
        );
    }
}
