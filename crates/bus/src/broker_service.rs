//! `[broker_services.<service>]`: the RabbitMQ of one service.

use std::path::PathBuf;

use beds_core::{
    section,
    settings::{Host, Hosts, Parts, Secret, SecretUrl, Tls, Urls},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::config::Amqp;

section! {
    /// `[broker_services.<service>]`: the RabbitMQ of one service, where that is another than the common one. What is left
    /// out is as in `[amqp]`.
    BrokerService {
        /// Its host, or the hosts of a cluster; with a port, where that is not `port`.
        host: Hosts = Hosts::default(),
        /// Its port.
        port: Option<u16> = None,
        /// Its virtual host, as it is called: nothing in it is a code.
        vhost: Option<String> = None,
        /// The user as whom the node logs in. It has a password of its own.
        user: Option<String> = None,
        /// The user's password.
        pass: Option<Secret> = None,
        /// A file with the password, instead of `pass`.
        pass_file: Option<PathBuf> = None,
        /// What links are encrypted with. Where it names a file, links are encrypted.
        tls: Tls = Tls::default(),
    }
}

impl BrokerService {
    /// The section `[amqp]` that holds for the service.
    ///
    /// # Errors
    /// Why there is no such URL.
    pub fn over(&self, common: &Amqp) -> Result<Amqp, String> {
        let mut amqp = common.clone();
        if self.user.is_some() || self.pass.is_some() || self.pass_file.is_some() {
            amqp.pass_file.clone_from(&self.pass_file);
        }
        amqp.tls = self.tls.over(&common.tls);
        // The hosts of a cluster replace those of another.
        let kept = if self.host.0.is_empty() { common.url.0.len() } else { 1 };
        let mut urls = Vec::new();
        for base in common.url.0.iter().take(kept) {
            if self.host.0.is_empty() {
                urls.push(self.url(base, None)?);
            }
            for host in &self.host.0 {
                urls.push(self.url(base, Some(host))?);
            }
        }
        amqp.url = Urls(urls);
        Ok(amqp)
    }

    fn url(&self, base: &SecretUrl, host: Option<&str>) -> Result<SecretUrl, String> {
        let parts = Parts::read(base.expose())?;
        let scheme = if self.tls == Tls::default() { parts.scheme } else { "amqps" };
        let common = parts.hosts()?.into_iter().next().unwrap_or(Host { name: "", port: None });
        let host = host.map(Host::read).transpose()?.unwrap_or(Host { port: None, ..common });
        // The port of another scheme is none for this one.
        let common_port = common.port.filter(|_| scheme == parts.scheme);
        let port = host.port.or(self.port).or(common_port);
        let name = if host.name.contains(':') { format!("[{}]", host.name) } else { host.name.to_owned() };
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pass = self.pass.as_ref().map(|pass| encoded(pass.expose()));
        let (user, password) = match &self.user {
            Some(user) => (Some(encoded(user)), pass),
            None => (parts.user.map(str::to_owned), pass.or(parts.password.map(str::to_owned))),
        };
        let path = self.vhost.as_deref().map(encoded).or(parts.path.map(str::to_owned));
        let mut url = format!("{scheme}://");
        if let Some(user) = user {
            url += &user;
            if let Some(password) = password {
                url = format!("{url}:{password}");
            }
            url.push('@');
        }
        url += &name;
        if let Some(port) = port {
            url = format!("{url}:{port}");
        }
        if let Some(path) = path {
            url = format!("{url}/{path}");
        }
        if let Some(query) = parts.query {
            url = format!("{url}?{query}");
        }
        Ok(SecretUrl::new(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(common: &[&str], own: &BrokerService) -> Vec<String> {
        let url = Urls(common.iter().map(|url| SecretUrl::new(*url)).collect());
        let amqp = own.over(&Amqp { url, ..Amqp::default() }).unwrap();
        amqp.url.0.iter().map(|url| url.expose().to_owned()).collect()
    }

    #[test]
    fn what_is_left_out_is_as_in_the_common_section() {
        let hosts = |text: &str| Hosts::between_commas(text);
        let own = BrokerService::default;
        let common = ["amqp://u:p@a:1/v?heartbeat=5"];
        for (own, expected) in [
            (own(), "amqp://u:p@a:1/v?heartbeat=5"),
            (BrokerService { host: hosts("b"), ..own() }, "amqp://u:p@b:1/v?heartbeat=5"),
            (BrokerService { host: hosts("b:2"), port: Some(3), ..own() }, "amqp://u:p@b:2/v?heartbeat=5"),
            (
                BrokerService { host: hosts("::1"), port: Some(3), ..own() },
                "amqp://u:p@[::1]:3/v?heartbeat=5",
            ),
            (BrokerService { port: Some(3), ..own() }, "amqp://u:p@a:3/v?heartbeat=5"),
            (BrokerService { vhost: Some("/".into()), ..own() }, "amqp://u:p@a:1/%2F?heartbeat=5"),
            (BrokerService { user: Some("x@y".into()), ..own() }, "amqp://x%40y@a:1/v?heartbeat=5"),
            (BrokerService { pass: Some(Secret::new("q/")), ..own() }, "amqp://u:q%2F@a:1/v?heartbeat=5"),
        ] {
            assert_eq!(over(&common, &own), [expected]);
        }
        let encrypted = Tls { ca_file: Some("ca.pem".into()), ..Tls::default() };
        assert_eq!(
            over(&common, &BrokerService { tls: encrypted, ..own() }),
            ["amqps://u:p@a/v?heartbeat=5"]
        );
        let cluster = ["amqp://u:p@a/v", "amqp://u:p@b/v"];
        assert_eq!(
            over(&cluster, &BrokerService { vhost: Some("w".into()), ..own() }),
            ["amqp://u:p@a/w", "amqp://u:p@b/w"]
        );
        assert_eq!(
            over(&cluster, &BrokerService { host: hosts("c, d:2"), ..own() }),
            ["amqp://u:p@c/v", "amqp://u:p@d:2/v"]
        );
    }

    #[test]
    fn another_user_has_another_password() {
        let common = Amqp { pass_file: Some("common".into()), ..Amqp::default() };
        let file = |own: BrokerService| own.over(&common).unwrap().pass_file;
        assert_eq!(file(BrokerService::default()), Some("common".into()));
        assert_eq!(file(BrokerService { user: Some("x".into()), ..BrokerService::default() }), None);
        let own = BrokerService { pass_file: Some("own".into()), ..BrokerService::default() };
        assert_eq!(file(own), Some("own".into()));
    }
}
