//! The product in a real cluster with real stores. `cargo testbed test` sets them up and runs this; each test has a
//! world of its own (see `e2e::world`), and the chart's templates are checked without any cluster.

mod archives;
mod audit;
mod backlog;
mod binary;
mod chart;
mod conditions;
mod connections;
mod conversion_models;
mod dirty;
mod doctor;
mod enrichment;
mod examples;
mod foreign;
mod forget;
mod index_control;
mod keys;
mod model;
mod namespaced;
mod outages;
mod plugin;
mod queues;
mod records;
mod refusals;
mod release;
mod restarts;
mod rights;
mod runs;
mod sandbox;
mod schedule;
mod schema;
mod shadow;
mod suspension;
