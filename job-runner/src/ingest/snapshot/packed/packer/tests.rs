//! When packs are closed.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::{
    Frame, OpenPack, PACK_AGE, PACK_BYTES, PACK_UNITS, PackReservation, PendingFrame, WORTH_UNITS, gather,
};

/// What counts as no wait, on a machine that is busy with other tests.
const AT_ONCE: Duration = Duration::from_millis(100);

struct Bench {
    sender: mpsc::Sender<PendingFrame>,
    frames: mpsc::Receiver<PendingFrame>,
    count: watch::Sender<usize>,
    reserved: watch::Receiver<usize>,
}

impl Bench {
    fn new() -> Self {
        let (sender, frames) = mpsc::channel(2 * PACK_UNITS);
        let (count, reserved) = watch::channel(0);
        Self { sender, frames, count, reserved }
    }

    fn bring(&self, units: usize) {
        for _ in 0..units {
            self.sender.try_send(waiting(10)).expect("room");
        }
    }

    async fn gather(&mut self, first: PendingFrame, quiet: bool) -> (OpenPack, Duration) {
        let started_at = Instant::now();
        let open_pack = gather(first, quiet, &mut self.frames, &mut self.reserved).await;
        (open_pack, started_at.elapsed())
    }
}

fn waiting(bytes: usize) -> PendingFrame {
    let frame = Frame {
        unit: "u".into(),
        key: "k".into(),
        raw_digest: "d".into(),
        revision: "r".into(),
        bytes: vec![0; bytes],
    };
    PendingFrame { frame, submitted_at: Instant::now(), reply_to: oneshot::channel().0 }
}

#[tokio::test]
async fn a_lone_unit_does_not_wait() {
    let (open_pack, took) = Bench::new().gather(waiting(10), true).await;
    assert_eq!(open_pack.pack.units(), 1);
    assert!(took < AT_ONCE, "{took:?}");
}

#[tokio::test]
async fn a_unit_that_follows_upon_another_pack_waits_for_company_until_its_age() {
    let (open_pack, took) = Bench::new().gather(waiting(10), false).await;
    assert_eq!(open_pack.pack.units(), 1);
    assert!(took >= PACK_AGE, "{took:?}");
}

#[tokio::test]
async fn many_that_wait_are_not_kept_for_those_who_do_not_come() {
    let mut bench = Bench::new();
    bench.bring(WORTH_UNITS - 1);
    let (open_pack, took) = bench.gather(waiting(10), false).await;
    assert_eq!(open_pack.pack.units(), WORTH_UNITS);
    assert!(took < AT_ONCE, "{took:?}");
}

#[tokio::test]
async fn those_who_are_under_way_are_waited_for() {
    let mut bench = Bench::new();
    let (one, other) = (PackReservation::new(&bench.count), PackReservation::new(&bench.count));
    let sender = bench.sender.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        sender.send(waiting(10)).await.expect("a packer");
        drop(one);
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(other);
    });
    let (open_pack, took) = bench.gather(waiting(10), true).await;
    assert_eq!(open_pack.pack.units(), 2, "the second needed no pack");
    assert!(took >= Duration::from_millis(40) && took < PACK_AGE, "{took:?}");
}

#[tokio::test]
async fn nobody_is_waited_for_longer_than_the_age() {
    let mut bench = Bench::new();
    let _never = PackReservation::new(&bench.count);
    let (_, took) = bench.gather(waiting(10), true).await;
    assert!(took >= PACK_AGE, "{took:?}");
}

#[tokio::test]
async fn whoever_waits_for_something_else_does_not_count() {
    let mut bench = Bench::new();
    let reservation = PackReservation::new(&bench.count);
    let aside = tokio::spawn(async move {
        reservation.aside(tokio::time::sleep(2 * PACK_AGE)).await;
        reservation
    });
    tokio::task::yield_now().await;
    let (_, took) = bench.gather(waiting(10), true).await;
    assert!(took < AT_ONCE, "{took:?}");
    let reservation = aside.await.expect("a wait that ends");
    assert_eq!(*bench.reserved.borrow(), 1, "it is on its way again");
    drop(reservation);
    assert_eq!(*bench.reserved.borrow(), 0);
}

#[tokio::test]
async fn a_full_pack_is_closed_and_leaves_the_rest() {
    let mut bench = Bench::new();
    let _under_way = PackReservation::new(&bench.count);
    bench.bring(PACK_UNITS);
    let (open_pack, took) = bench.gather(waiting(10), false).await;
    assert_eq!(open_pack.pack.units(), PACK_UNITS);
    assert!(took < AT_ONCE, "{took:?}");
    let (open_pack, took) = bench.gather(waiting(PACK_BYTES), false).await;
    assert_eq!(open_pack.pack.units(), 1, "full of one unit");
    assert!(took < AT_ONCE, "{took:?}");
}
