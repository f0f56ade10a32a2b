//! Asks the model servers of a run which versions they serve, before anything is selected.

use std::error::Error;
use std::time::Duration;

use docmill_clients::cause::find;
use docmill_clients::cause::with_causes;
use docmill_clients::model_server::link::ModelLink;
use docmill_clients::model_server::protocol::{self, AnswerError};
use docmill_clients::outbound::EndpointFault;
use docmill_clients::outbound::tls::distrust;
use docmill_crds::EnrichmentRun;
use docmill_crds::api::enricher::Enricher;
use docmill_crds::records::enrichments::Versions;
use kube::ResourceExt as _;

use crate::context::Context;
use crate::outcome::not_ready::NotReady;
use crate::stores::circuit_breaker::EndpointClient;
use crate::stores::{NOT_ALLOWED, distrust_fault, model_link_fault, read_credentials};

/// Time limit for a server. One that scales up from zero is asked again.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum length of an answer.
const ANSWER_BYTES: usize = 256 * 1024;

/// The versions that the servers report, by enricher name; servers that report none are left out.
pub async fn versions(
    run: &EnrichmentRun,
    context: &Context,
    endpoint_client: &EndpointClient,
) -> Result<Versions, NotReady> {
    let mut versions = Versions::new();
    for enricher in &run.spec.enrichers {
        if let Some(version) = version(run, enricher, context, endpoint_client).await? {
            versions.insert(enricher.name.clone(), version);
        }
    }
    Ok(versions)
}

async fn version(
    run: &EnrichmentRun,
    enricher: &Enricher,
    context: &Context,
    endpoint_client: &EndpointClient,
) -> Result<Option<String>, NotReady> {
    // Also for a builtin, which needs no Secret: its pods mount it.
    let namespace = run.namespace().unwrap_or_default();
    let secrets = read_credentials(&context.reader, &namespace, &enricher.credentials()).await?;
    let Some(protocol) = enricher.protocol() else { return Ok(None) };
    let name = &enricher.name;
    let field = format!("spec.enrichers {name:?}");
    let link = ModelLink::new(&secrets).map_err(|error| model_link_fault(&field, &error))?;
    let Some(url) = protocol::version_url(protocol) else { return Ok(None) };
    let describe = |text: String| format!("spec.enrichers {name:?}: {url}: {text}");
    let unreachable = |error: &dyn Error| {
        let advice = "check that it is running and that pods can reach it (Service, DNS, network policies)";
        NotReady::transient("ModelUnreachable", describe(format!("{}; {advice}", with_causes(error))))
    };
    let broken = |error: &reqwest::Error| match (find::<EndpointFault>(error), distrust(error)) {
        (Some(fault), _) => NotReady::user(NOT_ALLOWED, describe(fault.to_string())),
        (None, Some((whose, text))) => distrust_fault("ModelUntrusted", whose, &describe(text)),
        (None, None) => unreachable(error),
    };
    link.check(&url).map_err(|fault| NotReady::user(NOT_ALLOWED, describe(fault.to_string())))?;
    let request = async {
        let answer = link.http.get(&url).headers(link.headers.clone()).timeout(TIMEOUT).send().await;
        let answer = answer.map_err(|error| broken(&error))?;
        let status = answer.status();
        let body = link.read(answer, ANSWER_BYTES).await.map_err(|fault| unreachable(&fault))?;
        Ok((status, body))
    };
    let timeout_fault = NotReady::transient("ModelUnreachable", describe("no answer in time".to_owned()));
    let (status, body) = endpoint_client.ask(&url, TIMEOUT, timeout_fault, request).await?;
    match status.as_u16() {
        200 => {}
        401 | 403 => {
            let advice = "check the credentials in the Secret that secretRef names";
            return Err(NotReady::user(
                "ModelAccessDenied",
                describe(format!("status {}; {advice}", status.as_u16())),
            ));
        }
        404 => {
            let advice = "correct the name of the model, its version, or the URL";
            return Err(NotReady::user(
                "ModelNotFound",
                describe(format!("status {}; {advice}", status.as_u16())),
            ));
        }
        _ => {
            return Err(NotReady::transient(
                "ModelUnreachable",
                describe(format!("status {}", status.as_u16())),
            ));
        }
    }
    protocol::read_version(protocol, &body).map_err(|error| {
        let text = describe(protocol::without_words(&error.to_string()).to_owned());
        match error {
            AnswerError::Unfit(_) | AnswerError::Unexpected(_) => NotReady::user("ModelUnfit", text),
            AnswerError::Broken(_) => NotReady::transient("ModelUnreachable", text),
        }
    })
}
