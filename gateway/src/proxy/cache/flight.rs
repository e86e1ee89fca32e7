//! One request upstream for many that want the same.
//!
//! The first leads; the others wait until it landed. What landed is for all of them if it may be used again; if not,
//! each goes its own way, none behind another. A leader that leaves before the portal answered is followed by one of
//! those who wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::store::Stored;

/// How long somebody waits for a leader; afterwards it asks by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a flight ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The portal's answer is kept.
    Kept(Arc<Stored>),
    /// The portal failed, and this stands in for it.
    StoodIn(Arc<Stored>),
    /// Nothing that others could use.
    Nothing,
    /// The leader left before there was an answer.
    Left,
}

type Landing = watch::Receiver<Option<Outcome>>;

/// The requests that are on their way to portals, by what they ask for.
#[derive(Default)]
pub struct Flights(Mutex<HashMap<String, Landing>>);

/// What somebody who wants something does.
pub enum Turn {
    /// It asks the portal, for itself and all others.
    Lead(Flight),
    /// It waits for the one who does.
    Wait(Landing),
}

impl Flights {
    /// Leads the flight called `name`, or waits for its leader.
    pub fn join(self: &Arc<Self>, name: String) -> Turn {
        let mut flying = self.flying();
        if let Some(landing) = flying.get(&name) {
            return Turn::Wait(landing.clone());
        }
        let (landed, landing) = watch::channel(None);
        flying.insert(name.clone(), landing);
        Turn::Lead(Flight { flights: Arc::clone(self), name, landed, unless: Outcome::Left })
    }

    fn flying(&self) -> MutexGuard<'_, HashMap<String, Landing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request upstream that others may wait for. Dropped, it lands with nothing, or as one whose leader left.
pub struct Flight {
    flights: Arc<Flights>,
    name: String,
    landed: watch::Sender<Option<Outcome>>,
    unless: Outcome,
}

impl Flight {
    /// Notes that the portal answered: dropped from now on, there is nothing for others.
    pub fn answered(&mut self) {
        self.unless = Outcome::Nothing;
    }

    /// Lands with this outcome.
    pub fn land(mut self, outcome: Outcome) {
        self.unless = outcome;
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.flights.flying().remove(&self.name);
        self.landed.send_replace(Some(self.unless.clone()));
    }
}

/// Waits until a flight landed, but not for ever.
pub async fn landed(mut landing: Landing) -> Outcome {
    match timeout(PATIENCE, landing.wait_for(Option::is_some)).await {
        Ok(Ok(outcome)) => outcome.clone().unwrap_or(Outcome::Nothing),
        Ok(Err(_)) | Err(_) => Outcome::Nothing,
    }
}
