//! Jobs on this node. It works on them if it hosts their service and serves their template.

use std::{sync::Arc, time::Duration};

use beds_bus::Status;
use beds_core::{access::Rules, extensions::Extensions, spec::Domain};
use beds_protocol::{Broker, Service};
use beds_services::{
    cool::{self, Archiving, Disk, Restoring, Verifying},
    jobs::{Base, Catalogue, Desk, Due, Kind, Starter, Worker},
    migration::Migration,
    warehouse::{self, Moving},
};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::timeout,
};
use tracing::warn;

use crate::{config::Config, engines::Engines, project::Project, shared};

/// The template of jobs.
const TEMPLATE: &str = "job";

/// The extension for functions that start jobs on this node.
pub(crate) fn desk(project: &Project, domains: &[&'static Domain]) -> Arc<Desk> {
    let catalogue = Arc::new(Catalogue::new(domains.to_vec(), project.dispatch));
    Arc::new(Desk { catalogue, started: Arc::new(Notify::new()) })
}

/// The shared filesystem, if the node hosts the service that uses it.
pub(crate) fn disk(config: &Config) -> Option<Arc<Disk>> {
    shared::path(config).map(|path| Arc::new(Disk::at(path)))
}

/// The node's work on jobs.
pub(crate) struct Working {
    works: watch::Sender<bool>,
    worker: JoinHandle<()>,
    drain: Duration,
}

/// Has the node work on jobs while it is not drained; `None` if it does not work on them.
pub(crate) fn start(
    config: &Config,
    name: &str,
    domains: &[&'static Domain],
    (engines, rules, extensions): (&Arc<Engines>, &Rules, &Arc<Extensions>),
    (desk, shared): (&Desk, Option<&Arc<Disk>>),
) -> Option<Working> {
    let is_it =
        |domain: &&&'static Domain| domain.name == TEMPLATE && domain.placement.write == Broker::AppJobs;
    let domain = domains.iter().find(is_it).copied()?;
    if config.jobs.at_once == 0 || !config.node.services.contains(&Service::AppServer) {
        return None;
    }
    let base = Base {
        runner: Arc::clone(engines) as _,
        limits: Arc::new(config.limits.clone()),
        rules: Arc::new(rules.clone()),
        extensions: Arc::clone(extensions),
    };
    let catalogue = || Arc::clone(&desk.catalogue);
    let mut kinds: Vec<Arc<dyn Kind>> = vec![
        Arc::new(Migration::new(catalogue())),
        Arc::new(Moving::storing(catalogue())),
        Arc::new(Moving::returning(catalogue())),
    ];
    if let Some(disk) = shared {
        kinds.push(Arc::new(Archiving::new(catalogue(), Arc::clone(disk))));
        kinds.push(Arc::new(Verifying::new(Arc::clone(disk))));
        kinds.push(Arc::new(Restoring::new(catalogue(), Arc::clone(disk))));
    }
    let started = Arc::clone(&desk.started);
    let Some(worker) = Worker::new(domain, base, name.to_owned(), config.jobs.clone(), kinds, started) else {
        warn!(template = TEMPLATE, "it lacks the calls that nodes need: this node runs no jobs");
        return None;
    };
    let (works, told) = watch::channel(true);
    if config.node.services.contains(&Service::Segundo) {
        let (every_s, started) = (config.jobs.lifecycle_every_s, Arc::clone(&desk.started));
        let due = due(domains, &desk.catalogue, shared.is_some());
        match Starter::new(domain, Arc::clone(engines) as _, every_s, started) {
            Some(own) if !due.is_empty() => drop(tokio::spawn(own.run(due, told.clone()))),
            Some(_) => {}
            None => warn!(
                template = TEMPLATE,
                "it has no call `add_due`: no record is moved or archived automatically"
            ),
        }
    }
    let worker = tokio::spawn(worker.run(told));
    Some(Working { works, worker, drain: config.node.drain_timeout_ms.duration() })
}

/// The recurring jobs.
fn due(domains: &[&'static Domain], catalogue: &Catalogue, has_disk: bool) -> Vec<Due> {
    let due = domains.iter().flat_map(|domain| {
        let warehouse = warehouse::due(domain, catalogue);
        if domain.warehouse.is_some() && warehouse.is_none() {
            warn!(
                template = domain.name,
                "its warehouse is not served here: its old records stay where they are"
            );
        }
        let cool = cool::due(domain).filter(|_| has_disk);
        warehouse.into_iter().chain(cool)
    });
    due.collect()
}

impl Working {
    /// Works or pauses with the pool, and ends with it.
    pub(crate) fn follow(&self, mut status: watch::Receiver<Status>) {
        let works = self.works.clone();
        tokio::spawn(async move {
            loop {
                let is_drained = match &*status.borrow_and_update() {
                    Status::Draining | Status::Drained | Status::Stopping => true,
                    Status::Connecting(_) | Status::Serving | Status::Unrouted(_) => false,
                };
                works.send_if_modified(|works| std::mem::replace(works, !is_drained) == is_drained);
                if matches!(&*status.borrow(), Status::Stopping) || status.changed().await.is_err() {
                    return;
                }
            }
        });
    }

    /// Finishes the running chunks, and gives the jobs back.
    pub(crate) async fn stop(self) {
        let Self { works, mut worker, drain } = self;
        works.send_replace(false);
        drop(works);
        if timeout(drain, &mut worker).await.is_err() {
            warn!(
                "jobs were not released within node.drain_timeout_ms: other nodes wait until their leases end"
            );
            worker.abort();
        }
    }
}
