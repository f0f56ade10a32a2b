//! Converts a pack of objects again and again on one core, and says how many it did in a second of CPU time.
//!
//! `pack MODEL PACK ROUNDS` prints one line of JSON; `pack MODEL PACK` prints what became of each object, a document or
//! `null`, as `tests/benchmark` compares it. A pack is objects, each after its length as a little-endian u32.

use std::error::Error;
use std::io::Write;
use std::{env, fs, io};

use docmill_convert::Converter;
use docmill_crds::conversion::Conversion;
use rustix::time::{ClockId, clock_gettime};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let (model, pack, rounds) = match arguments.as_slice() {
        [model, pack] => (model, pack, None),
        [model, pack, rounds] => (model, pack, Some(rounds.parse()?)),
        _ => return Err("expected MODEL PACK [ROUNDS]".into()),
    };
    let model: Conversion = serde_saphyr::from_str(&fs::read_to_string(model)?)?;
    let converter = Converter::new(&model.resolve()?)?;
    let bytes = fs::read(pack)?;
    let objects = objects(&bytes);
    match rounds {
        Some(rounds) => measure(&converter, &objects, rounds),
        None => Ok(print(&converter, &objects)?),
    }
}

fn objects(mut pack: &[u8]) -> Vec<&[u8]> {
    let mut objects = Vec::new();
    while let Some((length, rest)) = pack.split_first_chunk::<4>() {
        let (object, rest) = rest.split_at((u32::from_le_bytes(*length) as usize).min(rest.len()));
        objects.push(object);
        pack = rest;
    }
    objects
}

fn measure(converter: &Converter, objects: &[&[u8]], rounds: u32) -> Result<(), Box<dyn Error>> {
    let mut best = f64::INFINITY;
    let (mut documents, mut refusals) = (0, 0);
    for _ in 0..rounds {
        let start = cpu_seconds();
        (documents, refusals) = (0, 0);
        for object in objects {
            converter.convert(*object, |verdict| match verdict {
                Ok(document) => documents += usize::from(!std::hint::black_box(document).json().is_empty()),
                Err(_) => refusals += 1,
            })?;
        }
        best = best.min(cpu_seconds() - start);
    }
    let bytes: usize = objects.iter().map(|object| object.len()).sum();
    writeln!(
        io::stdout(),
        "{}",
        serde_json::json!({
            "objects": objects.len(), "bytes": bytes, "documents": documents, "refusals": refusals, "seconds": best,
        })
    )?;
    Ok(())
}

fn print(converter: &Converter, objects: &[&[u8]]) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for object in objects {
        let mut line = String::from("null");
        converter.convert(*object, |verdict| {
            if let Ok(document) = verdict {
                document.json().clone_into(&mut line);
            }
        })?;
        writeln!(out, "{line}")?;
    }
    out.flush()
}

/// CPU time of this process. What other programs do does not count.
#[expect(clippy::cast_precision_loss, reason = "a process does not live for centuries")]
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
