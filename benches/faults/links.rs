//! The links between the nodes and their servers, each through a proxy.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use beds_devstack::{
    Server, Stack,
    delay::{Delay, Way},
    node::addresses,
};

/// A proxy in front of each server.
#[derive(Debug)]
pub(crate) struct Links {
    pub(crate) rabbitmq: Delay,
    pub(crate) mariadb: Delay,
    pub(crate) mongodb: Delay,
}

impl Links {
    pub(crate) async fn start(stack: &Stack) -> Result<Self> {
        let link = async |server: &Server| -> Result<Delay> {
            let port = server.port().context("the server is not ours")?;
            Ok(Delay::start(SocketAddr::from(([127, 0, 0, 1], port)), Duration::ZERO).await?)
        };
        Ok(Self {
            rabbitmq: link(stack.rabbitmq()).await?,
            mariadb: link(stack.mariadb()).await?,
            mongodb: link(stack.mongodb()).await?,
        })
    }

    /// The addresses of the servers through the proxies, for a node.
    pub(crate) fn addresses(&self, stack: &Stack, config: &Path) -> Result<Vec<(String, String)>> {
        let mut addresses = addresses(stack, config)?;
        for (server, link) in [
            (stack.rabbitmq(), &self.rabbitmq),
            (stack.mariadb(), &self.mariadb),
            (stack.mongodb(), &self.mongodb),
        ] {
            let port = server.port().context("the server is not ours")?;
            for (_, url) in &mut addresses {
                *url = url.replace(&format!("127.0.0.1:{port}"), &link.address().to_string());
            }
        }
        Ok(addresses)
    }

    pub(crate) fn all(&self) -> [&Delay; 3] {
        [&self.rabbitmq, &self.mariadb, &self.mongodb]
    }
}

/// Gives links these properties for a while.
pub(crate) fn hold(links: &[&Delay], way: Way, time: Duration) {
    for link in links {
        link.set(way);
    }
    std::thread::sleep(time);
    for link in links {
        link.set(Way::late(Duration::ZERO));
    }
}
