//! Faults between a worker and its stores, each in less than a minute: the worker is a process of this machine, the
//! stores are real, and proxies in between do what no store can be brought to do on command.

mod addresses;
mod binary;
mod clocks;
mod deliveries;
mod golden;
mod hostile;
mod index_trouble;
mod models;
mod notifications;
mod outages;
mod owners;
mod places;
mod refusals;
mod removals;
mod requests;
mod secured;
mod unreadable;
