//! Many cases side by side in one test: most of their time is waiting, and a test of its own for each would wait for
//! the one before.

use std::pin::Pin;
use std::time::Instant;

use anyhow::{Result, ensure};
use futures::future::join_all;

/// A case with its name.
pub struct Case<'a> {
    name: String,
    run: Pin<Box<dyn Future<Output = Result<()>> + 'a>>,
}

/// A case; nothing of it happens yet.
pub fn case<'a>(name: impl Into<String>, run: impl Future<Output = Result<()>> + 'a) -> Case<'a> {
    Case { name: name.into(), run: Box::pin(run) }
}

/// Runs all cases at the same time, prints how each went, and fails if one did.
pub async fn side_by_side(cases: Vec<Case<'_>>) -> Result<()> {
    let total = cases.len();
    let failed: usize = join_all(cases.into_iter().map(report)).await.into_iter().sum();
    ensure!(failed == 0, "{failed} of {total} cases failed; what each met is printed above");
    Ok(())
}

/// Runs a case. Gives the number of failures.
async fn report(case: Case<'_>) -> usize {
    let started = Instant::now();
    let result = case.run.await;
    let seconds = started.elapsed().as_secs_f32();
    match result {
        Ok(()) => println!("passed  {} ({seconds:.1} s)", case.name),
        Err(error) => {
            println!("FAILED  {} ({seconds:.1} s): {error:#}", case.name);
            return 1;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::{case, side_by_side};

    #[tokio::test]
    async fn one_that_fails_is_told_and_keeps_none_from_its_end() {
        let mut ended = false;
        let cases = vec![
            case("fails", async { anyhow::bail!("no") }),
            case("ends", async {
                tokio::task::yield_now().await;
                ended = true;
                Ok(())
            }),
        ];
        let error = side_by_side(cases).await.expect_err("an error");
        assert!(error.to_string().starts_with("1 of 2 cases failed"), "{error}");
        assert!(ended);
    }
}
