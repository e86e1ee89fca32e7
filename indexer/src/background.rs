//! Threads that step back: runs and the index take what processor time the answers to citizens leave.
//!
//! One process collects, indexes and answers on the same cores. On Linux every thread is scheduled by a policy of its own,
//! and a thread that it starts has the same; so a runtime whose threads step back is enough for all that runs on it, the
//! threads of the database and of the index included.

use std::io;

use thread_priority::ThreadPriority;
use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use tokio::runtime::{Builder, Handle, Runtime};

/// A runtime whose threads step back. When it is dropped, what still runs on it is left behind.
#[derive(Debug)]
pub struct Background(Option<Runtime>);

impl Background {
    /// One thread, and others for what blocks. With `idle` they run only when nothing else on the machine wants to
    /// (`SCHED_IDLE`): whoever wakes up goes before them at once. A niceness would let each of them end its turn first,
    /// some milliseconds, however nice it is.
    pub fn start(idle: bool) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("background").enable_all();
        if idle {
            builder.on_thread_start(step_back);
        }
        Ok(Self(Some(builder.build()?)))
    }

    /// Where tasks are put on it.
    pub fn handle(&self) -> &Handle {
        self.0.as_ref().expect("the runtime is there until it is dropped").handle()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Waiting would not be allowed inside of another runtime.
            runtime.shutdown_background();
        }
    }
}

/// Makes this thread and those that it will start step back. One that cannot is slower for others, and no reason to stop.
fn step_back() {
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    if let Err(error) = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle) {
        tracing::warn!(%error, "cannot make a thread step back");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `SCHED_OTHER` and `SCHED_IDLE` of Linux.
    const OTHER: u32 = 0;
    const IDLE: u32 = 5;

    /// The policy of the calling thread; field 41 of its `stat`.
    fn policy() -> u32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        fields.split_whitespace().nth(38).unwrap().parse().unwrap()
    }

    /// Those of a worker, of a thread for what blocks, and of one that this one starts.
    fn policies(background: &Background) -> [u32; 3] {
        background.handle().block_on(async {
            let own = tokio_util::task::TaskTracker::new().spawn(async { policy() }).await.unwrap();
            let blocking = tokio::task::spawn_blocking(policy).await.unwrap();
            let started = tokio::task::spawn_blocking(|| std::thread::spawn(policy).join().unwrap()).await.unwrap();
            [own, blocking, started]
        })
    }

    #[test]
    fn all_threads_of_it_step_back_and_nobody_elses() {
        assert_eq!(policies(&Background::start(true).unwrap()), [IDLE; 3]);
        assert_eq!(policies(&Background::start(false).unwrap()), [OTHER; 3]);
        assert_eq!(policy(), OTHER);
    }
}
