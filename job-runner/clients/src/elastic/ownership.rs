//! Docmill's own indices: created for their owner, or found to belong to it.

use std::time::Duration;

use docmill_crds::contract::{Store, StoreProblemReason};
use docmill_crds::error_class::{Classify, ErrorClass};
use docmill_crds::records::own_index::{OwnIndex, Owner, Ownership, OwnershipConflict, meta};
use docmill_crds::untrusted_text::UntrustedText;
use elasticsearch::http::Method;
use serde_json::{Value, json};

use super::client::{Elastic, segment};
use super::error::ElasticError;
use super::mapping;

/// After this time, two that claim the same index see who owns it: the last one to write does.
const CLAIMS_SETTLE: Duration = Duration::from_secs(1);

/// Why an index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OwnershipError {
    /// A request to the cluster failed.
    #[error(transparent)]
    Elastic(#[from] ElasticError),
    /// It belongs to somebody else; the text says to whom.
    #[error("LedgerOwnedByAnother: {0}")]
    Barred(String),
}

impl Classify for OwnershipError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Elastic(error) => error.class(),
            Self::Barred(_) => ErrorClass::Permanent,
        }
    }

    fn store_problem(&self) -> Option<(Store, StoreProblemReason)> {
        match self {
            Self::Elastic(error) => error.store_problem(),
            Self::Barred(_) => None,
        }
    }

    fn words(&self) -> Option<&UntrustedText> {
        match self {
            Self::Elastic(error) => error.words(),
            Self::Barred(_) => None,
        }
    }
}

impl Elastic {
    /// Ensures that an index exists and belongs to `owner`: creates it, claims it if nobody owns it, and with
    /// `adopt` takes it over from another owner. Also puts the template of its kind: an index that somebody
    /// deletes is created again by the next record for it, and takes its mapping from the template.
    pub async fn claim(&self, index: &OwnIndex, owner: &Owner, adopt: bool) -> Result<(), OwnershipError> {
        let template = mapping::own_index_template(index.pattern, &index.body);
        self.put_index_template(&mapping::template_name(index.pattern), &template).await?;
        if self.create_index(&index.name, &index.body_for(owner)).await? {
            return Ok(());
        }
        match self.ownership(&index.name, owner).await? {
            Some(Ownership::Own) => return Ok(()),
            Some(Ownership::Unclaimed) | None => {}
            Some(Ownership::Barred(conflict)) if adopt && conflict.yields() => {
                tracing::warn!(index = index.name, bar = ?conflict, "taking over an index, because the resource sets adopt");
            }
            Some(Ownership::Barred(conflict)) => return Err(barred(&conflict, &index.name, owner)),
        }
        let path = format!("/{}/_mapping", segment(&index.name));
        self.send(Method::Put, &path, Some(&json!({"_meta": meta(Some(owner))}))).await?;
        tokio::time::sleep(CLAIMS_SETTLE).await;
        match self.ownership(&index.name, owner).await? {
            Some(Ownership::Own) => Ok(()),
            Some(Ownership::Barred(conflict)) => Err(barred(&conflict, &index.name, owner)),
            Some(Ownership::Unclaimed) | None => {
                let text = format!("the index {} was deleted while it was claimed", index.name);
                Err(ElasticError::Unreadable(text).into())
            }
        }
    }

    /// Checks that all of these indices that exist belong to `owner` or to nobody.
    pub async fn check_owner(&self, indices: &[OwnIndex], owner: &Owner) -> Result<(), OwnershipError> {
        for index in indices {
            if let Some(Ownership::Barred(conflict)) = self.ownership(&index.name, owner).await? {
                return Err(barred(&conflict, &index.name, owner));
            }
        }
        Ok(())
    }

    /// Who owns an index; `None` if it does not exist.
    pub async fn ownership(&self, index: &str, owner: &Owner) -> Result<Option<Ownership>, ElasticError> {
        let path = format!("/{}/_mapping?ignore_unavailable=true&allow_no_indices=true", segment(index));
        let answer = self.send(Method::Get, &path, None).await?;
        let found = answer.as_object().and_then(|indices| indices.values().next());
        Ok(found.map(|found: &Value| Ownership::read(found.pointer("/mappings/_meta"), owner)))
    }
}

fn barred(conflict: &OwnershipConflict, index: &str, owner: &Owner) -> OwnershipError {
    OwnershipError::Barred(conflict.in_words(index, owner))
}
