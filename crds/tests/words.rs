//! The word for a value is one and the same wherever it is written.

use std::fmt::Debug;

use docmill_crds::api::connection_ref::ConnectionKind;
use docmill_crds::api::elasticsearch::AwsService;
use docmill_crds::api::enricher::Builtin;
use docmill_crds::audit::DifferenceKind;
use docmill_crds::contract::{IndexTrouble, Store, StoreProblemReason};
use docmill_crds::conversion::{FieldType, Preset, Repair};
use docmill_crds::reason::{Reason, SkipReason};
use docmill_crds::records::units::UnitState;
use docmill_crds::records_api::state::State;
use serde::Serialize;
use serde_json::json;
use strum::VariantArray;

fn are_the_serialised_form<T>()
where
    T: Copy + Debug + Serialize + VariantArray + Into<&'static str>,
{
    for value in T::VARIANTS {
        let word: &str = (*value).into();
        assert_eq!(json!(value), word, "{value:?}");
    }
}

#[test]
fn words_are_the_serialised_form() {
    are_the_serialised_form::<AwsService>();
    are_the_serialised_form::<Builtin>();
    are_the_serialised_form::<ConnectionKind>();
    are_the_serialised_form::<DifferenceKind>();
    are_the_serialised_form::<FieldType>();
    are_the_serialised_form::<StoreProblemReason>();
    are_the_serialised_form::<IndexTrouble>();
    are_the_serialised_form::<Preset>();
    are_the_serialised_form::<Reason>();
    are_the_serialised_form::<Repair>();
    are_the_serialised_form::<SkipReason>();
    are_the_serialised_form::<State>();
    are_the_serialised_form::<Store>();
    are_the_serialised_form::<UnitState>();
}
