//! The command of each contender.

use std::process::Command;

use anyhow::Result;

use super::contender::Contender;
use super::limits::{self, Bulk};
use super::programs::Programs;
use super::python;
use super::worker::{self, Packing};
use crate::place::Place;
use crate::stores::Stores;

/// The command of a contender at a place, with these stores.
pub fn command(
    programs: &Programs,
    contender: Contender,
    place: &Place,
    stores: &Stores,
    bulk: &Bulk,
) -> Result<Command> {
    let mut command = match contender {
        Contender::PerUnit => worker::command(programs, place, stores, Packing::PerUnit)?,
        Contender::Packed => worker::command(programs, place, stores, Packing::Packed)?,
        Contender::Python => python::command(programs, place, stores)?,
        Contender::Bulk => limits::bulk(programs, place, stores, bulk)?,
        Contender::Objects => limits::objects(programs, place, stores)?,
        Contender::Messages => limits::messages(place, stores)?,
    };
    let keys = &programs.keys;
    command
        .env("AWS_ACCESS_KEY_ID", &keys.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", &keys.secret_access_key)
        .env("AWS_REGION", &keys.region)
        .env("AWS_DEFAULT_REGION", &keys.region);
    Ok(command)
}
