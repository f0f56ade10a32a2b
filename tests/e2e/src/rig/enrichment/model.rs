//! The model, asked by a bare loop: what it gives for a text, and how fast it is without the product.

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::Client;
use serde_json::{Value, json};

/// What the model gives for one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// From -1 to 1.
    pub sentiment: Value,
    /// Two letters.
    pub language: Value,
}

/// A model behind the Open Inference Protocol.
#[derive(Clone)]
pub struct Model {
    http: Client,
    url: String,
}

impl Model {
    /// The model of this name behind this base URL.
    pub fn new(base: &str, model: &str) -> Self {
        Self { http: Client::new(), url: format!("{base}/v2/models/{model}/versions/v1/infer") }
    }

    /// What it gives for each text, in their order, with so many texts a request and requests on their way.
    pub async fn ask_all(&self, texts: &[String], batch: usize, in_flight: usize) -> Result<Vec<Answer>> {
        let batches = stream::iter(texts.chunks(batch))
            .map(|texts| async move { read(&self.ask(texts).await?, texts.len()) });
        let answers: Vec<Vec<Answer>> = batches.buffered(in_flight).try_collect().await?;
        Ok(answers.concat())
    }

    /// Its answer to one request.
    pub async fn ask(&self, texts: &[String]) -> Result<Value> {
        let body = json!({"id": "bare", "inputs": [{
            "name": "text", "shape": [texts.len(), 1], "datatype": "BYTES",
            "parameters": {"content_type": "str"}, "data": texts,
        }]});
        let request = self.http.post(&self.url).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }
}

/// Reads the answer for so many texts.
fn read(answer: &Value, count: usize) -> Result<Vec<Answer>> {
    let rows = |name: &str| -> Result<&Vec<Value>> {
        let outputs = answer["outputs"].as_array().context("no outputs")?;
        let output = outputs.iter().find(|output| output["name"] == name);
        let rows = output.and_then(|output| output["data"].as_array()).context("an output without data")?;
        ensure!(rows.len() == count, "{} rows of {name:?} for {count} texts", rows.len());
        Ok(rows)
    };
    let (sentiments, languages) = (rows("compound")?.iter().cloned(), rows("lang")?.iter().cloned());
    Ok(sentiments.zip(languages).map(|(sentiment, language)| Answer { sentiment, language }).collect())
}
