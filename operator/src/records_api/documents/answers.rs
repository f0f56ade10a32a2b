//! What several sources answer to one request. Pure.

use crate::records_api::answer::Failure;

/// All that was found, and in words which sources could not be asked. One that cannot be asked does not keep the others from
/// telling what they have: it fails the request only if nothing was found.
pub fn gather<T, F: IntoIterator<Item = T>>(
    answers: Vec<Result<F, Failure>>,
) -> Result<(Vec<T>, Vec<String>), Failure> {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            Ok(documents) => found.extend(documents),
            Err(failure) => failures.push(failure),
        }
    }
    match failures.pop() {
        Some(failure) if found.is_empty() => Err(failure),
        last => Ok((found, failures.into_iter().chain(last).map(|failure| failure.message).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, gather};

    #[test]
    fn a_source_that_cannot_be_asked_is_told_beside_what_was_found() {
        let failed = |message: &str| Err(Failure::unavailable(message));
        let answers = vec![failed("a"), Ok(vec![1]), failed("b"), Ok(vec![])];
        assert_eq!(gather(answers), Ok((vec![1], vec!["a".to_owned(), "b".to_owned()])));
        assert_eq!(gather::<u8, Vec<u8>>(vec![failed("a"), Ok(vec![])]), Err(Failure::unavailable("a")));
        assert_eq!(gather::<u8, Vec<u8>>(vec![Ok(vec![])]), Ok((vec![], vec![])));
    }
}
