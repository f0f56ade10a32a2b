//! Messages in the queue and in the hands of workers, by the time of their arrival.

use std::collections::VecDeque;

/// A step of the simulation.
pub type Step = i64;
/// Steps of a second.
pub const SECOND: Step = 10;

/// Messages that arrived in one step.
#[derive(Clone, Copy, Debug)]
pub struct Arrived {
    pub at: Step,
    pub count: u64,
}

/// Messages, the oldest first.
#[derive(Debug, Default)]
pub struct Messages {
    groups: VecDeque<Arrived>,
    count: u64,
}

impl Messages {
    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn push(&mut self, arrived: Arrived) {
        if arrived.count > 0 {
            self.count += arrived.count;
            self.groups.push_back(arrived);
        }
    }

    /// Takes the oldest, at most so many.
    pub fn take(&mut self, most: u64) -> Vec<Arrived> {
        let mut taken = Vec::new();
        let mut left = most;
        while left > 0
            && let Some(first) = self.groups.front_mut()
        {
            let count = first.count.min(left);
            taken.push(Arrived { at: first.at, count });
            left -= count;
            first.count -= count;
            if first.count == 0 {
                self.groups.pop_front();
            }
        }
        self.count -= most - left;
        taken
    }

    /// Puts messages back before all others.
    pub fn put_back(&mut self, messages: Messages) {
        self.count += messages.count;
        for group in messages.groups.into_iter().rev() {
            self.groups.push_front(group);
        }
    }
}
