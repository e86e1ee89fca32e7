//! Ten portals under load, three of which misbehave in every second round: what the seven others notice of it.
//!
//! The same clients ask all ten in both kinds of rounds, and the rounds take turns, so that the machine and the load are
//! alike and only the conduct of the three differs: one hangs, one resets, one answers a byte at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::say;
use super::stand::{Honest, answer, ask, head, listen, portal, stand};
use crate::cli::{Exit, Fault};

const PORTALS: usize = 10;
/// Bytes of an answer.
const BYTES: usize = 4096;
/// Clients of each portal.
const CLIENTS: usize = 4;
/// What a client waits between two requests.
const PAUSE: Duration = Duration::from_millis(20);
/// How much the others' p99 may grow.
const MAX_GROWTH: f64 = 1.2;

/// How a portal answers while the three misbehave.
#[derive(Clone, Copy)]
enum Conduct {
    Good,
    Hangs,
    Resets,
    Trickles,
}

impl Conduct {
    fn of(portal: usize) -> Self {
        match portal {
            7 => Self::Hangs,
            8 => Self::Resets,
            9 => Self::Trickles,
            _ => Self::Good,
        }
    }
}

pub(super) async fn run(rounds: usize, seconds: u64) -> Result<Exit, Fault> {
    let [good, ill] = measure(rounds, Duration::from_secs(seconds)).await?;
    let growth = ill.quantile(0.99) / good.quantile(0.99);
    for (name, honest) in [("all_well", &good), ("three_ill", &ill)] {
        say(&format!("{name}_requests"), honest.times.len(), "requests to the seven others");
        say(&format!("{name}_p50"), format!("{:.2}", honest.quantile(0.5)), "ms");
        say(&format!("{name}_p99"), format!("{:.2}", honest.quantile(0.99)), "ms");
        say(&format!("{name}_failed"), honest.failed, "requests");
        if let Some(why) = &honest.why {
            eprintln!("the first that failed: {why}");
        }
    }
    say("p99_ratio", format!("{growth:.3}"), "with the three ill against all well");
    if growth < MAX_GROWTH && good.failed + ill.failed == 0 { Ok(Exit::Done) } else { Ok(Exit::Findings) }
}

/// What the seven got while all were well, and while three were not.
async fn measure(rounds: usize, round: Duration) -> Result<[Honest; 2], Fault> {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let is_ill = Arc::new(AtomicBool::new(false));
    let mut portals = Vec::new();
    for number in 0..PORTALS {
        let (conduct, is_ill) = (Conduct::of(number), Arc::clone(&is_ill));
        let upstream = listen(&stop, &tasks, move |stream| serve(stream, conduct, Arc::clone(&is_ill))).await?;
        portals.push(portal(&format!("p{number}"), upstream)?);
    }
    let stand = stand(&portals).await?;
    let mut outcomes = [Honest::default(), Honest::default()];
    // The first two rounds make connections, and let the breakers see what the three do.
    for number in 0..2 * rounds + 2 {
        is_ill.store(number % 2 == 1, Ordering::Relaxed);
        let until = Instant::now() + round;
        let (mut others, mut three) = (JoinSet::new(), JoinSet::new());
        for portal in 0..PORTALS {
            for client in 0..CLIENTS {
                let path = vec![format!("/portal/p{portal}/x?{client}")];
                let asking = ask(stand.serving.address, path, PAUSE, client == 0, until);
                let clients = if matches!(Conduct::of(portal), Conduct::Good) { &mut others } else { &mut three };
                clients.spawn(asking);
            }
        }
        let mut honest = Honest::default();
        for one in others.join_all().await {
            honest.add(one);
        }
        // Those of the three are sent away with what they wait for.
        three.shutdown().await;
        if let Some(outcome) = outcomes.get_mut(number % 2).filter(|_| number >= 2) {
            outcome.add(honest);
        }
    }
    stop.cancel();
    stand.serving.end().await;
    tasks.close();
    tasks.wait().await;
    Ok(outcomes)
}

async fn serve(mut stream: TcpStream, conduct: Conduct, is_ill: Arc<AtomicBool>) {
    let mut begun = Vec::new();
    while head(&mut stream, &mut begun).await.is_some() {
        let conduct = if is_ill.load(Ordering::Relaxed) { conduct } else { Conduct::Good };
        let answered = match conduct {
            Conduct::Good => answer(&mut stream, BYTES).await,
            Conduct::Hangs => {
                sleep(Duration::from_secs(60)).await;
                return;
            }
            Conduct::Resets => {
                let _ = stream.set_zero_linger();
                return;
            }
            Conduct::Trickles => trickle(&mut stream).await,
        };
        if answered.is_err() {
            return;
        }
    }
}

async fn trickle(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {BYTES}\r\n\r\n").as_bytes()).await?;
    for _ in 0..BYTES {
        stream.write_u8(b'x').await?;
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn three_ill_portals_fail_none_of_the_others() {
        let outcomes = measure(1, Duration::from_secs(1)).await.unwrap();
        for honest in &outcomes {
            assert_eq!(honest.failed, 0, "{:?}", honest.why);
            assert!(honest.times.len() > 50, "only {} requests", honest.times.len());
        }
        // A share of p99 is for the measurement; here it is only that nobody waits for the three.
        assert!(outcomes[1].quantile(1.0) < 1000.0, "{} ms", outcomes[1].quantile(1.0));
    }
}
