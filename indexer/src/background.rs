//! Threads that step back: runs and the index take what processor time the answers to citizens leave.
//!
//! One process collects, indexes and answers on the same cores. On Linux every thread has a niceness of its own, and a
//! thread that it starts has the same; so a runtime whose threads are nice is enough for all that runs on it, the threads
//! of the database and of the index included.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// A runtime whose threads step back. When it is dropped, what still runs on it is left behind.
#[derive(Debug)]
pub struct Background(Option<Runtime>);

impl Background {
    /// One thread, and others for what blocks, all with this niceness: 0 is that of the process, 19 runs only when
    /// nothing else wants to.
    pub fn start(niceness: u8) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("background")
            .enable_all()
            .on_thread_start(move || be_nice(niceness))
            .build()?;
        Ok(Self(Some(runtime)))
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

/// Gives this thread and those that it will start a niceness. One that cannot is slower for others, and no reason to stop.
fn be_nice(niceness: u8) {
    if let Err(error) = rustix::process::setpriority_process(None, i32::from(niceness)) {
        tracing::warn!(%error, niceness, "cannot make a thread step back");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The niceness of the calling thread; field 19 of its `stat`.
    fn niceness() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        fields.split_whitespace().nth(16).unwrap().parse().unwrap()
    }

    #[test]
    fn all_threads_of_it_step_back_and_nobody_elses() {
        let before = niceness();
        let background = Background::start(7).unwrap();
        let (own, blocking, started) = background.handle().block_on(async {
            let own = tokio_util::task::TaskTracker::new().spawn(async { niceness() }).await.unwrap();
            let blocking = tokio::task::spawn_blocking(niceness).await.unwrap();
            let started = tokio::task::spawn_blocking(|| std::thread::spawn(niceness).join().unwrap()).await.unwrap();
            (own, blocking, started)
        });
        assert_eq!([own, blocking, started], [7, 7, 7]);
        assert_eq!(niceness(), before);
    }
}
