//! What the demo puts into the bucket: real news items, generated ones, and three that are not sound.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context as _, Result};
use e2e::articles::{Article, Fault, Form};
use e2e::install::checkout;

const GENERATED: usize = 51;

/// Objects by key, without the prefix of the source.
pub struct Documents {
    real: BTreeMap<String, Vec<u8>>,
    generated: BTreeMap<String, Vec<u8>>,
    faulty: BTreeMap<String, Vec<u8>>,
}

impl Documents {
    /// Reads the samples and makes the others.
    pub fn read() -> Result<Self> {
        let articles = (0..GENERATED).map(|number| Article::generated("demo", number));
        let generated = articles.enumerate();
        let generated = generated
            .map(|(number, article)| (format!("generated/{number:02}.xml"), article.write(Form::NewsMlG2)));
        let faulty = Fault::ALL.into_iter().enumerate().map(|(number, fault)| {
            let article = Article::generated("demo-bad", number);
            (format!("bad/{fault:?}.xml"), article.write_broken(Form::NewsMlG2, fault))
        });
        Ok(Self { real: real()?, generated: generated.collect(), faulty: faulty.collect() })
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = (&String, &Vec<u8>)> {
        self.real.iter().chain(&self.generated).chain(&self.faulty)
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.all().count() as u64
    }

    /// How many are to be refused.
    pub fn faulty(&self) -> u64 {
        self.faulty.len() as u64
    }

    /// How many are to be indexed.
    pub fn sound(&self) -> u64 {
        self.len() - self.faulty()
    }

    /// The key of one that is to be refused.
    pub fn a_faulty_key(&self) -> Option<&str> {
        self.faulty.keys().next_back().map(String::as_str)
    }
}

impl fmt::Display for Documents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (real, generated, faulty) = (self.real.len(), self.generated.len(), self.faulty.len());
        write!(
            f,
            "put {real} real and {generated} generated news items into the bucket, and {faulty} faulty ones"
        )
    }
}

fn real() -> Result<BTreeMap<String, Vec<u8>>> {
    let folder = checkout("tests/e2e/samples");
    let entries =
        std::fs::read_dir(&folder).with_context(|| format!("failed to list {}", folder.display()))?;
    let mut documents = BTreeMap::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = std::fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
            documents.insert(format!("real/{name}"), bytes);
        }
    }
    Ok(documents)
}
