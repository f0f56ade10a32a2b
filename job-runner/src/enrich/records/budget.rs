//! The common budget of a run's slices: requests and characters sent to models, documents worked on. Each
//! slice takes a portion at a time out of one record, by compare-and-set, so that all together never take
//! more than there is. What a killed pod had taken and not spent is lost to the run, which then ends a little
//! early.

use docmill_clients::elastic::{Address, BulkBody, ConcurrencyToken, Elastic, ItemOutcome};
use docmill_clients::retry::retry_transient;
use docmill_crds::api::enrichment_run::Budget as Spending;
use docmill_crds::records::enrichments::{GrantsRecord, LimitsRecord, grants_id, limits_id};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::enrich::error::EnrichError;
use crate::enrich::retry_policy::PATIENCE;
use crate::enrich::slice_plan::SlicePlan;

/// Requests that are taken at a time, with their characters: few enough that little is lost with a pod, and
/// that several pods reach the end of a budget together.
const CALLS: i64 = 8;
/// Documents that are taken at a time.
const DOCUMENTS: i64 = 32;

/// What this slice has taken and not spent yet.
pub(crate) struct Budget {
    cluster: Elastic,
    index: String,
    run: String,
    is_limited: bool,
    max_documents: Option<i64>,
    unspent: Mutex<Amounts>,
}

/// Amounts of all that is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Amounts {
    calls: i64,
    characters: i64,
    documents: i64,
}

impl Budget {
    pub(crate) fn new(slice_plan: &SlicePlan, cluster: &Elastic) -> Self {
        Self {
            cluster: cluster.clone(),
            index: slice_plan.enrichments_index.clone(),
            run: slice_plan.run.clone(),
            is_limited: slice_plan.has_budget,
            max_documents: slice_plan.max_documents,
            unspent: Mutex::default(),
        }
    }

    /// Takes what some requests need; returns an error if the budget of the run has not that much left.
    pub(crate) async fn take(
        &self,
        calls: u64,
        characters: u64,
        stop: &CancellationToken,
    ) -> Result<(), EnrichError> {
        if !self.is_limited {
            return Ok(());
        }
        let need = Amounts::of_requests(calls, characters);
        let portion =
            Amounts { calls: CALLS, characters: need.characters.saturating_mul(CALLS), documents: 0 };
        self.spend(need, portion, stop).await
    }

    /// Puts back what was taken for requests that were never sent.
    pub(crate) async fn give_back(&self, calls: u64, characters: u64) {
        if self.is_limited {
            self.unspent.lock().await.add(&Amounts::of_requests(calls, characters));
        }
    }

    /// Takes a document; returns whether the run may work on one more.
    pub(crate) async fn take_document(&self, stop: &CancellationToken) -> Result<bool, EnrichError> {
        if self.max_documents.is_none() {
            return Ok(true);
        }
        let documents = |documents| Amounts { documents, ..Amounts::default() };
        match self.spend(documents(1), documents(DOCUMENTS), stop).await {
            Err(EnrichError::BudgetReached) => Ok(false),
            result => result.map(|()| true),
        }
    }

    async fn spend(
        &self,
        need: Amounts,
        portion: Amounts,
        stop: &CancellationToken,
    ) -> Result<(), EnrichError> {
        let mut unspent = self.unspent.lock().await;
        let missing = need.beyond(&unspent);
        if missing != Amounts::default() {
            // A whole portion if there is one left, otherwise just what is needed.
            let granted = match self.grant(missing.or_portion(&portion), stop).await? {
                Some(granted) => Some(granted),
                None => self.grant(missing, stop).await?,
            };
            unspent.add(&granted.ok_or(EnrichError::BudgetReached)?);
        }
        unspent.remove(&need);
        Ok(())
    }

    /// Takes an amount from what is left for the run; `None` if there is not that much.
    async fn grant(
        &self,
        amounts: Amounts,
        stop: &CancellationToken,
    ) -> Result<Option<Amounts>, EnrichError> {
        loop {
            let limits = self.limits(stop).await?;
            let (mut grants, state) = self.read::<GrantsRecord>(&grants_id(&self.run), stop).await?;
            "grants".clone_into(&mut grants.kind);
            grants.run.clone_from(&self.run);
            grants.calls = grants.calls.saturating_add(amounts.calls);
            grants.input_characters = grants.input_characters.saturating_add(amounts.characters);
            grants.documents = grants.documents.saturating_add(amounts.documents);
            let fits = grants.calls <= limits.calls
                && grants.input_characters <= limits.characters
                && grants.documents <= limits.documents;
            if !fits {
                return Ok(None);
            }
            if self.write(&grants, state, stop).await? {
                return Ok(Some(amounts));
            }
        }
    }

    /// The run's budget as the operator has it at this moment.
    pub(crate) async fn limits_now(&self, stop: &CancellationToken) -> Result<Option<Spending>, EnrichError> {
        let (limits, _) = self.read::<Option<LimitsRecord>>(&limits_id(&self.run), stop).await?;
        Ok(limits.and_then(|limits| limits.budget))
    }

    async fn limits(&self, stop: &CancellationToken) -> Result<Amounts, EnrichError> {
        let budget = if self.is_limited { self.limits_now(stop).await? } else { None };
        let unlimited = i64::MAX;
        Ok(Amounts {
            calls: budget.and_then(|budget| budget.calls).unwrap_or(unlimited),
            characters: budget.and_then(|budget| budget.input_characters).unwrap_or(unlimited),
            documents: self.max_documents.unwrap_or(unlimited),
        })
    }

    async fn read<T: DeserializeOwned + Default>(
        &self,
        id: &str,
        stop: &CancellationToken,
    ) -> Result<(T, Option<ConcurrencyToken>), EnrichError> {
        let found = retry_transient(PATIENCE, stop, async || self.cluster.get(&self.index, id).await).await;
        let Some(found) = found.map_err(EnrichError::target)? else { return Ok((T::default(), None)) };
        let record = serde_json::from_value(Value::Object(found.source));
        Ok((record.map_err(|error| EnrichError::Record { id: id.to_owned(), error })?, Some(found.state)))
    }

    /// Writes the record; returns `false` if somebody else wrote meanwhile.
    async fn write(
        &self,
        grants: &GrantsRecord,
        if_unchanged: Option<ConcurrencyToken>,
        stop: &CancellationToken,
    ) -> Result<bool, EnrichError> {
        let id = grants_id(&self.run);
        let mut body = BulkBody::default();
        let address = Address { index: &self.index, id: &id };
        body.push_compare_and_set(address, if_unchanged, json!(grants).to_string().as_bytes());
        let outcomes = self.cluster.bulk_all(body, PATIENCE, stop).await.map_err(EnrichError::target)?;
        match outcomes.into_iter().next() {
            Some(ItemOutcome::Done) => Ok(true),
            Some(ItemOutcome::Rejected(fault) | ItemOutcome::Held(_, fault)) => {
                Err(EnrichError::target(docmill_clients::elastic::ElasticError::Refused(fault)))
            }
            Some(ItemOutcome::Superseded) | None => Ok(false),
        }
    }
}

impl Amounts {
    /// What some requests take.
    fn of_requests(calls: u64, characters: u64) -> Self {
        let signed = |amount: u64| i64::try_from(amount).unwrap_or(i64::MAX);
        Self { calls: signed(calls), characters: signed(characters), documents: 0 }
    }

    /// What is needed beyond what is available.
    fn beyond(self, available: &Self) -> Self {
        let missing = |need: i64, available: i64| (need - available).max(0);
        Self {
            calls: missing(self.calls, available.calls),
            characters: missing(self.characters, available.characters),
            documents: missing(self.documents, available.documents),
        }
    }

    /// For each amount that is needed, at least a portion.
    fn or_portion(self, portion: &Self) -> Self {
        let more = |need: i64, portion: i64| if need > 0 { need.max(portion) } else { 0 };
        Self {
            calls: more(self.calls, portion.calls),
            characters: more(self.characters, portion.characters),
            documents: more(self.documents, portion.documents),
        }
    }

    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.characters = self.characters.saturating_add(other.characters);
        self.documents += other.documents;
    }

    fn remove(&mut self, other: &Self) {
        self.calls -= other.calls;
        self.characters -= other.characters;
        self.documents -= other.documents;
    }
}

#[cfg(test)]
mod tests {
    use super::Amounts;

    #[test]
    fn only_what_is_missing_is_taken_and_then_a_portion_of_it() {
        let available = Amounts { calls: 2, characters: 10, documents: 0 };
        let missing = Amounts { calls: 1, characters: 30, documents: 0 }.beyond(&available);
        assert_eq!(missing, Amounts { calls: 0, characters: 20, documents: 0 });
        let portion = Amounts { calls: 8, characters: 240, documents: 32 };
        assert_eq!(missing.or_portion(&portion), Amounts { calls: 0, characters: 240, documents: 0 });
    }

    #[test]
    fn what_is_spent_is_gone() {
        let mut unspent = Amounts::default();
        unspent.add(&Amounts { calls: 8, characters: 100, documents: 0 });
        unspent.remove(&Amounts { calls: 1, characters: 60, documents: 0 });
        assert_eq!(unspent, Amounts { calls: 7, characters: 40, documents: 0 });
    }
}
