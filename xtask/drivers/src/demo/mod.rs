//! The demo's client: it loads real data through the node, and sends requests about the data.
//!
//! The client trusts nothing that it shows. It compares each result with the expected one, and a difference makes the
//! command fail.
//!
//! - `data`: the data to load, from the files of the Debian package iso-codes.
//! - `load`: loads it through `create` requests, with a progress bar.
//! - `guide`: sends a request, shows it with its reply, and judges the reply.
//! - `tour`: the requests that are shown.
//! - `fleet`: users, jobs and nodes; `watch` shows a running job.
//! - `show`: JSON for people.

mod data;
mod fleet;
mod guide;
mod load;
mod show;
mod tour;
mod watch;

use anyhow::{Context, Result, ensure};
use beds_client::Client;

use self::{data::Catalog, guide::Guide, load::Loaded, show::grouped};

/// Loads the data, sends requests, and compares every reply with the expected one.
pub(crate) fn run() -> Result<()> {
    let url = std::env::var("AMQP_URL").context("AMQP_URL does not say where RabbitMQ is")?;
    let catalog = Catalog::read()?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start tokio")?;
    let loaded = runtime.block_on(show(url, &catalog))?;
    println!("\nAll of it was checked and is as it should be. {loaded}");
    Ok(())
}

/// Loads the data, then sends requests about it.
async fn show(url: String, catalog: &Catalog) -> Result<Loaded> {
    // On servers of the user, the demo's user has no roles.
    let is_own = url.contains("//guest:");
    let builder = Client::builder(url).name("demo");
    let client = if is_own { builder.user_id("guest") } else { builder }.connect().await?;
    println!("      loading {}: create requests over AMQP", catalog.summary());
    let loaded = load::all(&client, catalog).await?;
    println!("      questions, as a client asks them");
    let mut guide = Guide::new(client.clone());
    tour::run(&mut guide, catalog).await?;
    if is_own {
        println!("\n      users, old records, and the node itself");
        fleet::run(&mut guide).await?;
    } else {
        println!(
            "\n      Users, jobs and commands to nodes are left out: AMQP_URL names another user than `guest`."
        );
    }
    client.close().await;
    guide.verdict()?;
    Ok(loaded)
}

impl std::fmt::Display for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.took.as_secs_f64();
        write!(
            f,
            "{} records were created by {} requests in {seconds:.1} s: {} records a second.",
            grouped(self.records),
            grouped(self.requests),
            grouped(load::rate(self.records, self.took)),
        )
    }
}

/// The demo needs this template to be empty. It is empty on the demo's own servers.
fn ensure_empty(template: &str, count: u64) -> Result<()> {
    ensure!(
        count == 0,
        "`{template}` has {count} records already: the demo loads into empty tables. It was pointed at servers \
         of yours by AMQP_URL, MARIADB_URL or MONGODB_URL; without these it starts its own"
    );
    Ok(())
}
