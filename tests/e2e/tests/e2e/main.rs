//! The product in a real cluster with real stores. `cargo testbed test` sets them up and runs this; each test has a
//! world of its own (see `e2e::world`), and the chart's templates are checked without any cluster.

mod audit;
mod backlog;
mod binary;
mod chart;
mod conditions;
mod connections;
mod enrichment;
mod examples;
mod foreign;
mod keys;
mod model;
mod outages;
mod queues;
mod refusals;
mod restarts;
mod runs;
mod schedule;
mod schema;
mod shadow;
mod suspension;
