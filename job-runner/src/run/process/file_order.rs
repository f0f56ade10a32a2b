//! The files of a part take turns: one is processed at a time, and another one while its last units only wait
//! for an index.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use crate::run::error::RunError;

/// Whose turn it is.
pub(crate) struct Turns {
    turn: Semaphore,
    /// No file is started or continued any more.
    ended: CancellationToken,
}

/// A file's turn, or its wait for the next one.
pub(crate) struct FileTurn<'a> {
    turns: &'a Turns,
    permit: Option<SemaphorePermit<'a>>,
}

impl Turns {
    /// Turns end when `closing` is cancelled.
    pub(crate) fn new(closing: &CancellationToken) -> Self {
        Self { turn: Semaphore::new(1), ended: closing.child_token() }
    }

    /// Ends the turns: whoever waits gets [`RunError::Stopped`].
    pub(crate) fn end(&self) {
        self.ended.cancel();
    }

    /// Waits for a turn.
    pub(crate) async fn take(&self) -> Result<FileTurn<'_>, RunError> {
        let mut turn = FileTurn { turns: self, permit: None };
        turn.wait().await?;
        Ok(turn)
    }
}

impl FileTurn<'_> {
    async fn wait(&mut self) -> Result<(), RunError> {
        let permit = self.turns.ended.run_until_cancelled(self.turns.turn.acquire()).await;
        self.permit = Some(permit.ok_or(RunError::Stopped)?.map_err(|_| RunError::Stopped)?);
        Ok(())
    }

    /// Leaves the turn to others for this time, and waits for the next one.
    pub(crate) async fn leave_for(&mut self, time: Duration) -> Result<(), RunError> {
        self.permit = None;
        self.turns.ended.run_until_cancelled(tokio::time::sleep(time)).await.ok_or(RunError::Stopped)?;
        self.wait().await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::{RunError, Turns};

    #[tokio::test]
    async fn one_has_the_turn_and_another_one_while_it_waits() {
        let turns = Turns::new(&CancellationToken::new());
        let mut first = turns.take().await.unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(20), turns.take()).await.is_err());
        let second = async { drop(turns.take().await.unwrap()) };
        let (result, ()) = tokio::join!(first.leave_for(Duration::from_millis(20)), second);
        result.unwrap();
        turns.end();
        let stopped = first.leave_for(Duration::from_mins(10)).await;
        assert!(matches!(stopped, Err(RunError::Stopped)));
    }
}
