//! Gathers what comes one by one into batches.

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// The first value and those after it: until there are enough, until `due`, or until nothing more can come. `enough` is
/// asked after each value, and gets the newest.
pub(crate) async fn gather<T>(
    first: T,
    receiver: &mut mpsc::Receiver<T>,
    due: Instant,
    mut enough: impl FnMut(usize, &T) -> bool,
) -> Vec<T> {
    let mut done = enough(1, &first);
    let mut batch = vec![first];
    while !done {
        match timeout_at(due, receiver.recv()).await {
            Ok(Some(next)) => {
                done = enough(batch.len() + 1, &next);
                batch.push(next);
            }
            Ok(None) | Err(_) => break,
        }
    }
    batch
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc;
    use tokio::time::Instant;

    use super::gather;

    #[tokio::test]
    async fn a_batch_ends_with_enough_in_time_or_when_nothing_more_can_come() {
        let (sender, mut receiver) = mpsc::channel(8);
        for value in 1..=5 {
            sender.send(value).await.unwrap();
        }
        let later = Instant::now() + Duration::from_mins(1);
        let mut sum = 0;
        let six = |_: usize, value: &i32| {
            sum += value;
            sum >= 6
        };
        assert_eq!(gather(0, &mut receiver, later, six).await, [0, 1, 2, 3]);
        let soon = Instant::now() + Duration::from_millis(50);
        assert_eq!(gather(3, &mut receiver, soon, |_, _| false).await, [3, 4, 5]);
        drop(sender);
        assert_eq!(gather(6, &mut receiver, later, |_, _| false).await, [6]);
        assert_eq!(gather(7, &mut receiver, later, |count, _| count == 1).await, [7]);
    }
}
