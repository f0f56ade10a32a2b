//! Processes several runs of inputs concurrently, and delivers their output in the order of the inputs.
//!
//! A feeder hands each [`Run`] to the next free worker, together with one end of a channel; the other ends wait
//! in a queue, in order, for the listener. A channel holds one message: the worker whose run is being read
//! sends without waiting, all others get one message ahead and then wait for their turn. So memory is bounded
//! by the number of workers, whatever the size of an input. The queue is bounded too, for inputs with little
//! output.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::run::{Run, Runs};
use crate::commands::inputs::{Input, ReadError};

/// Queued runs per worker: enough that a worker with little to do does not wait for the listener.
const QUEUED_PER_WORKER: usize = 4;

/// The messages about a run, in order.
#[derive(Debug)]
pub(super) enum Progressed<T> {
    /// Part of its output.
    Lines(T),
    /// Reading one of its inputs failed.
    Unreadable(ReadError),
    /// That was all.
    End,
}

/// Why there is no message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// None within this time.
    Yet,
    /// None will follow, although the end was not sent: the worker died.
    BrokeOff,
}

/// The worker's end of a channel. A missing listener is not an error: it means that the work can stop.
pub(super) struct Speaker<T>(SyncSender<Progressed<T>>);

/// The listener's end.
pub(super) struct Listener<T>(Receiver<Progressed<T>>);

impl<T> Speaker<T> {
    /// Waits until this is received; returns whether somebody listens.
    pub(super) fn say(&self, lines: T) -> bool {
        self.0.send(Progressed::Lines(lines)).is_ok()
    }

    /// Returns the lines if they cannot be sent now; `Ok` tells whether somebody listens.
    pub(super) fn try_say(&self, lines: T) -> Result<bool, T> {
        match self.0.try_send(Progressed::Lines(lines)) {
            Ok(()) => Ok(true),
            Err(TrySendError::Full(Progressed::Lines(lines))) => Err(lines),
            Err(_) => Ok(false),
        }
    }

    fn end(&self, outcome: Result<(), ReadError>) {
        let _ = self.0.send(outcome.map_or_else(Progressed::Unreadable, |()| Progressed::End));
    }
}

impl<T> Listener<T> {
    pub(super) fn recv_timeout(&self, patience: Duration) -> Result<Progressed<T>, Silence> {
        self.0.recv_timeout(patience).map_err(|silence| match silence {
            RecvTimeoutError::Timeout => Silence::Yet,
            RecvTimeoutError::Disconnected => Silence::BrokeOff,
        })
    }
}

/// A run, and where to receive its output.
type Turn<T> = Result<(Arc<Run>, Listener<T>), ReadError>;

/// The queue of runs. An error of finding inputs is its last item. When it is dropped, the threads end with
/// their current input; nobody waits for them, as one may be blocked by a read that never ends.
pub(super) struct Crew<T>(Receiver<Turn<T>>);

impl<T: Send + 'static> Crew<T> {
    /// Starts `jobs` workers. An error of `work` is an error of reading an input, and ends its run.
    pub(super) fn start(
        inputs: impl Iterator<Item = Result<Input, ReadError>> + Send + 'static,
        jobs: usize,
        work: impl Fn(&Run, &Speaker<T>) -> Result<(), ReadError> + Send + Sync + 'static,
    ) -> Self {
        let (queue, turns) = sync_channel(jobs.saturating_mul(QUEUED_PER_WORKER));
        let (tasks, task) = sync_channel::<(Arc<Run>, Speaker<T>)>(0);
        let (task, work) = (Arc::new(Mutex::new(task)), Arc::new(work));
        for _ in 0..jobs {
            let (task, work) = (Arc::clone(&task), Arc::clone(&work));
            thread::spawn(move || {
                while let Some((run, speaker)) = next(&task) {
                    speaker.end(work(&run, &speaker));
                }
            });
        }
        thread::spawn(move || {
            for run in Runs::of(inputs) {
                let run = match run {
                    Ok(run) => Arc::new(run),
                    Err(error) => {
                        let _ = queue.send(Err(error));
                        return;
                    }
                };
                let (speaker, listener) = sync_channel(1);
                let is_heard = queue.send(Ok((Arc::clone(&run), Listener(listener)))).is_ok();
                if !is_heard || tasks.send((run, Speaker(speaker))).is_err() {
                    return;
                }
            }
        });
        Self(turns)
    }
}

fn next<T>(tasks: &Mutex<Receiver<T>>) -> Option<T> {
    tasks.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

impl<T> Iterator for Crew<T> {
    type Item = Turn<T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::{Crew, Progressed, Silence};
    use crate::commands::inputs::{Input, ReadError};

    /// Inputs that are runs of their own.
    fn numbered(count: usize) -> impl Iterator<Item = Result<Input, ReadError>> + Send + 'static {
        (0..count).map(|n| Ok(Input { path: n.to_string().into(), bytes: None, written: None }))
    }

    fn number(input: &Input) -> usize {
        input.path.to_str().unwrap().parse().unwrap()
    }

    /// All that is said, in order; what a worker dies of, as its name.
    fn heard(crew: Crew<usize>) -> Vec<String> {
        let mut all = Vec::new();
        for turn in crew {
            let (run, listener) = match turn {
                Ok(turn) => turn,
                Err(error) => {
                    all.push(error.to_string());
                    continue;
                }
            };
            loop {
                match listener.recv_timeout(Duration::from_secs(10)) {
                    Ok(Progressed::Lines(line)) => all.push(format!("{}:{line}", run.current().display())),
                    Ok(Progressed::End) => break,
                    Ok(Progressed::Unreadable(error)) => {
                        all.push(error.to_string());
                        break;
                    }
                    Err(silence) => {
                        all.push(format!("{silence:?}"));
                        break;
                    }
                }
            }
        }
        all
    }

    #[test]
    fn what_is_said_comes_in_the_order_of_the_inputs_however_long_each_takes() {
        let crew = Crew::start(numbered(50), 4, |run, to| {
            let number = run.inputs().map(number).next().unwrap();
            for line in 0..3 {
                std::thread::sleep(Duration::from_millis(u64::from(number.is_multiple_of(7)) * 5));
                assert!(to.say(line));
            }
            Ok(())
        });
        let expected: Vec<String> =
            (0..50).flat_map(|n| (0..3).map(move |line| format!("{n}:{line}"))).collect();
        assert_eq!(heard(crew), expected);
    }

    #[test]
    fn who_is_not_heard_yet_gets_one_message_ahead_and_no_more() {
        let sent = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&sent);
        let mut crew = Crew::start(numbered(1000), 4, move |_, to| {
            while to.say(0) {
                counter.fetch_add(1, Ordering::SeqCst);
            }
            Ok(())
        });
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(sent.load(Ordering::SeqCst), 4, "one message of each worker");
        let (_, first) = crew.next().unwrap().unwrap();
        for _ in 0..100 {
            assert!(matches!(first.recv_timeout(Duration::from_secs(10)), Ok(Progressed::Lines(0))));
        }
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(sent.load(Ordering::SeqCst), 104, "the first is heard, the others wait");
    }

    #[test]
    fn faults_come_in_their_place_and_after_one_of_finding_inputs_nothing_follows() {
        let missing =
            |path: &str| ReadError { path: path.into(), source: io::Error::from(io::ErrorKind::NotFound) };
        let inputs = numbered(2).chain([Err(missing("gone")), numbered(1).next().unwrap()]);
        let crew = Crew::start(inputs, 2, |run, to| {
            to.say(7);
            let source = || io::Error::other("torn");
            let torn = |input: &Input| ReadError { path: input.path.clone(), source: source() };
            run.inputs().find(|input| number(input) == 1).map_or(Ok(()), |input| Err(torn(input)))
        });
        assert_eq!(heard(crew), ["0:7", "1:7", "failed to read 1", "failed to read gone"]);
    }

    #[test]
    fn small_files_are_handed_over_together_and_stay_in_order() {
        let small = numbered(1000).map(|input| input.map(|input| Input { bytes: Some(100), ..input }));
        let crew = Crew::start(small, 4, |run, to| {
            let (first, last) = (run.inputs().map(number).next(), run.inputs().map(number).last());
            to.say(first.unwrap() * 1000 + last.unwrap());
            Ok(())
        });
        let mut told = Vec::new();
        for turn in crew {
            let (_, listener) = turn.unwrap();
            if let Ok(Progressed::Lines(line)) = listener.recv_timeout(Duration::from_secs(10)) {
                told.push((line / 1000, line % 1000));
            }
        }
        assert_eq!((told.len(), told[0], told[15]), (16, (0, 63), (960, 999)));
        assert!(told.is_sorted());
    }

    #[test]
    fn a_worker_that_dies_is_noticed() {
        let crew: Crew<usize> = Crew::start(numbered(1), 1, |_, _| panic!("a fault of the program"));
        assert_eq!(heard(crew), [format!("{:?}", Silence::BrokeOff)]);
    }
}
