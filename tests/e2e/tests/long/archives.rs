//! An archive of many members: a worker that is killed between two bulks of its documents loses and doubles nothing, and
//! needs no more memory than for anything else. `archive_pods` kills pods, wherever they are.

use std::time::Duration;

use anyhow::Result;
use e2e::archives::large;
use e2e::articles::Form;
use e2e::auditor;
use e2e::faults::Point;
use e2e::rig::{self, ENDED, REACHED};

const LIMIT: Duration = Duration::from_mins(4);
/// How many bulks are stored before the worker dies.
const BULKS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn a_worker_killed_between_two_bulks_of_100_000_members_loses_and_doubles_nothing() -> Result<()> {
    rig::run("tar", Form::Nitf, async |rig| {
        let object = rig.s3.put(&rig.raw_bucket(), "wire/many.tar.gz", large::tar(&rig.name)?).await?;
        rig.tell(&[object]).await?;
        let mut spec = rig.spec();
        large::read_archives(&mut spec, ".tar.gz");
        let gate = rig.es_proxy.hold(usize::MAX, rig.article_bulks(), Point::Before);
        let victim = rig.worker_for("victim", &spec)?;
        for _ in 0..BULKS {
            gate.next(REACHED).await?.go();
        }
        let last = gate.next(REACHED).await?;
        victim.kill()?;
        last.drop_it();
        gate.rule.remove();
        let heir = rig.worker_for("heir", &spec)?;
        rig.settled(LIMIT).await?;
        println!("{} KiB at most with {} documents", heir.peak_kibibytes()?, large::IN_TAR);
        heir.end(ENDED).await?;
        large::judge_tar(&auditor::gather(&rig.place()).await?, &rig.name)
    })
    .await
}
