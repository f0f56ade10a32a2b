//! How much there is: objects and bytes.

use super::arithmetic::{MONTH_SECONDS, float};
use super::listing::Listing;

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amount {
    /// Objects: in a month for a source, altogether for a run.
    pub objects: f64,
    /// Bytes of one object, on average.
    pub bytes_each: f64,
    /// Documents of one object, on average.
    pub documents_each: f64,
}

/// Numbers that flags give.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Given {
    /// Objects altogether.
    pub objects: Option<u64>,
    /// Objects a second.
    pub per_second: Option<f64>,
    /// Bytes of one object.
    pub bytes_each: Option<u64>,
    /// Documents of one object.
    pub documents_each: Option<f64>,
}

/// An object of news, where nobody says better.
const USUAL_BYTES: f64 = 5000.0;

impl Amount {
    /// Of a source in a month: by the rate that is given, or by the objects of a listing and the time in which they landed.
    pub fn of_month(given: Given, listing: Option<&Listing>) -> Result<Self, String> {
        let objects = match (given.per_second, given.objects, listing) {
            (Some(per_second), _, _) => per_second * MONTH_SECONDS,
            (None, Some(objects), _) => float(objects),
            (None, None, Some(listing)) => {
                let seconds = listing.seconds.ok_or(
                    "the listing does not say when its objects landed, or all landed at once: give --per-second, or \
                     --objects for those of a month",
                )?;
                float(listing.objects) / float(seconds) * MONTH_SECONDS
            }
            (None, None, None) => {
                return Err(
                    "how much arrives? Give --per-second, --objects (of a month), or --listing".to_owned()
                );
            }
        };
        Ok(Self::with(objects, given, listing))
    }

    /// Of a run altogether.
    pub fn of_run(given: Given, listing: Option<&Listing>) -> Result<Self, String> {
        let listed = listing.map(|listing| listing.objects);
        let objects = given.objects.or(listed);
        let objects = objects.ok_or("how many objects does the run take? Give --objects or --listing")?;
        Ok(Self::with(float(objects), given, listing))
    }

    fn with(objects: f64, given: Given, listing: Option<&Listing>) -> Self {
        let listed = listing.filter(|listing| listing.objects > 0);
        let listed = listed.map(|listing| float(listing.bytes) / float(listing.objects));
        Self {
            objects,
            bytes_each: given.bytes_each.map(float).or(listed).unwrap_or(USUAL_BYTES),
            documents_each: given.documents_each.unwrap_or(1.0),
        }
    }

    /// Documents of all objects.
    pub fn documents(&self) -> f64 {
        self.objects * self.documents_each
    }

    /// GB of all objects.
    pub fn gigabytes(&self) -> f64 {
        self.objects * self.bytes_each / 1e9
    }

    /// Objects a second, if they arrive within a month.
    pub fn per_second(&self) -> f64 {
        self.objects / MONTH_SECONDS
    }
}

#[cfg(test)]
mod tests {
    use super::{Amount, Given};
    use crate::estimate::listing::Listing;

    #[test]
    fn a_listing_of_a_day_is_a_thirtieth_of_a_month() {
        let listing = Listing { objects: 86_400, bytes: 864_000_000, seconds: Some(86_400) };
        let month = Amount::of_month(Given::default(), Some(&listing)).unwrap();
        assert!((month.objects - 2_592_000.0).abs() < 1e-6, "{month:?}");
        assert!((month.bytes_each - 10_000.0).abs() < 1e-6, "{month:?}");
        assert!((month.gigabytes() - 25.92).abs() < 1e-6, "{month:?}");
    }

    #[test]
    fn what_a_flag_says_counts_more_than_a_listing() {
        let listing = Listing { objects: 10, bytes: 10, seconds: None };
        let given = Given { per_second: Some(50.0), bytes_each: Some(7), ..Given::default() };
        let month = Amount::of_month(given, Some(&listing)).unwrap();
        assert!(
            (month.per_second() - 50.0).abs() < 1e-9 && (month.bytes_each - 7.0).abs() < 1e-9,
            "{month:?}"
        );
        assert!(Amount::of_month(Given::default(), Some(&listing)).unwrap_err().contains("--per-second"));
        assert!(Amount::of_run(Given::default(), None).unwrap_err().contains("--objects"));
    }
}
