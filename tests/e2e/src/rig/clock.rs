//! A worker's clock that is wrong. The product has no switch for that; a small library in front of the C library shifts
//! what the system says.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

const SOURCE: &str = include_str!("clock.c");

/// A clock that is ahead of the time by so many seconds, or behind it.
pub(super) struct WrongClock {
    library: PathBuf,
    seconds: i64,
}

impl WrongClock {
    /// Compiles the library into a folder, with the compiler that Rust links with.
    pub(super) fn make(folder: &Path, seconds: i64) -> Result<Self> {
        let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
        std::fs::write(&source, SOURCE)?;
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source);
        let built = compiler.output().context("failed to start cc")?;
        ensure!(built.status.success(), "cc: {}", String::from_utf8_lossy(&built.stderr));
        Ok(Self { library, seconds })
    }

    /// The environment of a process that has this clock.
    pub(super) fn environment(&self) -> [(&'static str, String); 2] {
        [("LD_PRELOAD", self.library.display().to_string()), ("CLOCK_OFFSET", self.seconds.to_string())]
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::WrongClock;

    #[test]
    fn a_process_with_a_wrong_clock_tells_the_wrong_time() {
        let folder = std::env::temp_dir().join(format!("docmill-clock-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let clock = WrongClock::make(&folder, -3600).expect("cc");
        let told = Command::new("date").arg("+%s").envs(clock.environment()).output().expect("date");
        std::fs::remove_dir_all(&folder).expect("a folder to remove");
        let told: u64 = String::from_utf8_lossy(&told.stdout).trim().parse().expect("a number");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        assert!((3599..=3602).contains(&(now - told)), "{told} of {now}");
    }
}
