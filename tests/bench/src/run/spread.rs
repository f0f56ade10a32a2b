//! The same work on many connections at a time.

use anyhow::Result;
use tokio::task::JoinSet;

/// Divides items among so many tasks, and gives what each made of its part, in no order.
pub async fn spread<T, R, F>(items: &[T], tasks: usize, work: impl Fn(Vec<T>) -> F) -> Result<Vec<R>>
where
    T: Clone,
    R: Send + 'static,
    F: Future<Output = Result<R>> + Send + 'static,
{
    let part = items.len().div_ceil(tasks).max(1);
    let mut working: JoinSet<Result<R>> = items.chunks(part).map(|part| work(part.to_vec())).collect();
    let mut made = Vec::with_capacity(tasks);
    while let Some(ended) = working.join_next().await {
        made.push(ended??);
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[tokio::test]
    async fn every_item_is_worked_on_once() {
        let items: Vec<u32> = (0..10).collect();
        let sums = spread(&items, 3, |part| async move { anyhow::Ok(part.iter().sum::<u32>()) }).await;
        assert_eq!(sums.expect("sums").iter().sum::<u32>(), 45);
    }

    #[tokio::test]
    async fn a_failure_is_told() {
        let failed = spread(&[1, 2], 2, |_| async { Err::<(), _>(anyhow::anyhow!("no")) }).await;
        assert!(failed.is_err());
    }
}
