//! A program under measurement: started in a folder of its own, asked for what it used, and ended.
//!
//! What it used is read from `/proc`, so this is for Linux alone. The processor time of a thread counts from its run
//! queue, in nanoseconds, where the kernel keeps that; else in hundredths of a second.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::cli::Fault;

/// How long a program may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program; it is ended when this is dropped.
pub(super) struct Program {
    child: Child,
    name: &'static str,
    log: PathBuf,
}

impl Program {
    /// Starts `command` in `dir`; what it says goes to `{name}.log` there.
    pub(super) fn start(mut command: Command, name: &'static str, dir: &Path) -> Result<Self, Fault> {
        let log = dir.join(format!("{name}.log"));
        let said = File::create(&log).map_err(Fault::work)?;
        command.current_dir(dir).stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
        let child = command.spawn().map_err(|error| Fault::Work(format!("cannot start {name}: {error}")))?;
        Ok(Self { child, name, log })
    }

    /// Waits until `ready` finds in what the program has said that it is ready.
    pub(super) async fn ready<T>(&mut self, ready: impl Fn(&str) -> Option<T>) -> Result<T, Fault> {
        let began = Instant::now();
        loop {
            let said = fs::read_to_string(&self.log).unwrap_or_default();
            if let Some(found) = ready(&said) {
                return Ok(found);
            }
            let ended = self.child.try_wait().map_err(Fault::work)?;
            if ended.is_some() || began.elapsed() > PATIENCE {
                return Err(Fault::Work(format!("{} does not become ready: {said}", self.name)));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The processor time that it and the processes it started have used.
    pub(super) fn cpu(&self) -> Duration {
        self.family().into_iter().map(cpu_of).sum()
    }

    /// The memory that it and the processes it started hold now, in KiB.
    pub(super) fn resident_kib(&self) -> u64 {
        self.family().into_iter().filter_map(|process| status_kib(process, "VmRSS:")).sum()
    }

    /// The most memory that it ever held, in KiB.
    pub(super) fn peak_kib(&self) -> u64 {
        status_kib(self.child.id(), "VmHWM:").unwrap_or(0)
    }

    fn family(&self) -> Vec<u32> {
        let own = self.child.id();
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        std::iter::once(own).chain(children.split_whitespace().filter_map(|id| id.parse().ok())).collect()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The standard library only knows how to kill, which would leave the children of a server alone.
        let id = self.child.id().to_string();
        let asked = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status();
        let began = Instant::now();
        while asked.is_ok() && began.elapsed() < PATIENCE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("{} does not end: {error}", self.name);
        }
    }
}

fn cpu_of(process: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let times = threads.map(|thread| {
        let times = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        times.split_whitespace().next().and_then(|time| time.parse().ok()).map(Duration::from_nanos)
    });
    let whole: Option<Duration> = times.sum();
    whole.filter(|time| !time.is_zero()).unwrap_or_else(|| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        super::cpu_in(&stat)
    })
}

fn status_kib(process: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
