//! What people do with registrations: every step in one transaction with its change set and its audit entry.
//!
//! `dry_run` does all of it but the commit, so that what it says is what would happen.

use connectors::ids::PortalId;
use connectors::registration::{AddressRule, Portal, ProofPlace, ProofToken};
use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use super::changes::{self, Conflict};
use super::registration::{Facts, FieldFault, Registration, State, Step, StepFault, from_outside, only_small};
use crate::registry::{NewChange, Proof, Registered, Registry, RegistryError, Rehearsed, Right, Tx, Who};

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such registration.
    #[error("there is no registration of this id")]
    NoSuch,
    /// The operator alone does this.
    #[error("this step is the operator's")]
    Operators,
    /// The id belongs to somebody.
    #[error("the id `{0}` is taken; choose another one")]
    IdTaken(PortalId),
    /// Too many that are not released.
    #[error("there are {0} registrations of this account that are not released yet; finish or withdraw one")]
    TooMany(usize),
    /// Parts that cannot be registered.
    #[error("{} of its parts cannot be registered", .0.len())]
    Parts(Vec<FieldFault>),
    /// Not now.
    #[error(transparent)]
    Step(#[from] StepFault),
    /// It cannot be taken back.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// There is no such change set, or it was taken back already.
    #[error("there is no change set {0} of this portal that could be taken back")]
    NoChange(i64),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// What a step did, or would do.
#[derive(Debug, Clone)]
pub struct Changed {
    /// Number of the change set; none in a dry run, and where nothing changed.
    pub number: Option<i64>,
    /// The registration now; none where it was taken away.
    pub now: Option<Registration>,
    /// What differs, as (path, before, after).
    pub differences: Vec<(String, Value, Value)>,
    /// What is known beside it.
    pub facts: Facts,
}

/// Who acts, on what, and whether for good.
#[derive(Clone, Copy)]
pub struct Acting<'a> {
    /// The registry.
    pub registry: &'a Registry,
    /// Who.
    pub who: &'a Who,
    /// Do everything but the commit.
    pub dry_run: bool,
}

/// The bounds for who is not the operator.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Which addresses may be registered.
    pub addresses: AddressRule,
    /// Registrations that are released without the operator.
    pub at_once: bool,
    /// Registrations of one account that are not released yet.
    pub max_open: usize,
}

impl Acting<'_> {
    /// Registers a portal that is not there yet; who does it may manage it from then on. `taken` says whether the id
    /// belongs to somebody outside of the registry.
    pub async fn register(
        self,
        rules: &Rules,
        portal: Portal,
        address: Url,
        taken: impl Fn(&PortalId) -> bool,
    ) -> Result<Changed, Refusal> {
        let faults = from_outside(&portal, &address, &rules.addresses);
        if !faults.is_empty() {
            return Err(Refusal::Parts(faults));
        }
        let id = portal.id.clone();
        let mut tx = self.registry.begin().await?;
        if taken(&id) || tx.registration(&id).await?.is_some() {
            return Err(Refusal::IdTaken(id));
        }
        let open = tx.registrations_of(self.who.account).await?.iter().filter(|one| is_open(&one.registration)).count();
        if open >= rules.max_open && !self.who.is_operator() {
            return Err(Refusal::TooMany(open));
        }
        let next = Registration::draft(portal, address);
        self.prepare_proof(&mut tx, &id, &next).await?;
        if self.who.account != 0 {
            tx.set_right(self.who.account, &id, Some(Right::Manage)).await?;
        }
        self.write(tx, &id, "register", None, Some(next), None, None).await
    }

    /// Takes a step with a registration.
    pub async fn step(self, rules: &Rules, id: &PortalId, step: &Step) -> Result<Changed, Refusal> {
        if step.is_operators(rules.at_once) && !self.who.is_operator() {
            return Err(Refusal::Operators);
        }
        if let Step::Edit { portal, address } = step {
            let faults = from_outside(portal, address, &rules.addresses);
            if !faults.is_empty() {
                return Err(Refusal::Parts(faults));
            }
        }
        let mut tx = self.registry.begin().await?;
        let known = tx.registration(id).await?.ok_or(Refusal::NoSuch)?;
        let facts = facts(&mut tx, &known).await?;
        let next = match step {
            // The id is how everybody knows it, and stays.
            Step::Edit { portal, address } => {
                let portal = Box::new(Portal { id: id.clone(), ..(**portal).clone() });
                known.registration.after(&Step::Edit { portal, address: address.clone() }, facts, tx.now)?
            }
            step => known.registration.after(step, facts, tx.now)?,
        };
        self.prepare_proof(&mut tx, id, &next).await?;
        let reason = match step {
            Step::Refuse(reason) | Step::Suspend(reason) => Some(reason.as_str()),
            _ => None,
        };
        self.write(tx, id, step.as_str(), Some(known), Some(next), None, reason).await
    }

    /// Hands it in and, where nobody has to look at it, releases it as well.
    pub async fn submit(self, rules: &Rules, id: &PortalId) -> Result<Changed, Refusal> {
        let submitted = self.step(rules, id, &Step::Submit).await?;
        if !rules.at_once || self.dry_run {
            return Ok(submitted);
        }
        self.step(rules, id, &Step::Release).await
    }

    /// Brings a portal in from a file: live, as the operator says. `None` where nothing would change.
    pub async fn apply(self, portal: Portal) -> Result<Option<Changed>, Refusal> {
        if !self.who.is_operator() {
            return Err(Refusal::Operators);
        }
        let id = portal.id.clone();
        let mut tx = self.registry.begin().await?;
        let known = tx.registration(&id).await?;
        let next = match &known {
            Some(known) if known.registration.served().as_ref() == Some(&portal) => return Ok(None),
            Some(known) => {
                Registration { address: known.registration.address.clone(), ..Registration::vouched(portal, tx.now) }
            }
            None => Registration::vouched(portal, tx.now),
        };
        self.write(tx, &id, "apply", known, Some(next), None, None).await.map(Some)
    }

    /// Takes a change set back, as a change set of its own.
    pub async fn undo(self, id: &PortalId, number: i64) -> Result<Changed, Refusal> {
        let mut tx = self.registry.begin().await?;
        let change = tx.change_set(id, number).await?.filter(|change| change.undone_by.is_none());
        let change = change.ok_or(Refusal::NoChange(number))?;
        let known = tx.registration(id).await?;
        let now = known.as_ref().map_or(Value::Null, |known| value(&known.registration));
        let left = changes::undone(&change.before, &change.after, &now)?;
        let next: Option<Registration> = serde_json::from_value(left)
            .map_err(|error| RegistryError::Row { what: format!("change set {number}"), reason: error.to_string() })?;
        let next = next.map(|next| settled(next, known.as_ref().map(|known| &known.registration)));
        if needs_operator(known.as_ref().map(|known| &known.registration), next.as_ref()) && !self.who.is_operator() {
            return Err(Refusal::Operators);
        }
        if let Some(next) = &next {
            self.prepare_proof(&mut tx, id, next).await?;
        }
        self.write(tx, id, "undo", known, next, Some(number), None).await
    }

    /// Suspends a portal without anybody's word; for what the program does by itself, and gives its reason for.
    pub(super) async fn suspend_by_itself(self, id: &PortalId, reason: &str) -> Result<Changed, Refusal> {
        let mut tx = self.registry.begin().await?;
        let known = tx.registration(id).await?.ok_or(Refusal::NoSuch)?;
        let facts = facts(&mut tx, &known).await?;
        let next = known.registration.after(&Step::Suspend(reason.to_owned()), facts, tx.now)?;
        self.write(tx, id, "suspend", Some(known), Some(next), None, Some(reason)).await
    }

    /// Notes what somebody found who looked for the proof of a host.
    pub async fn looked(self, id: &PortalId, host: &str, found: Option<ProofPlace>) -> Result<Proof, Refusal> {
        let mut tx = self.registry.begin().await?;
        let known = tx.proof(id, host).await?.ok_or(Refusal::NoSuch)?;
        let next = after_look(&known, found, tx.now);
        tx.keep_proof(&next).await?;
        // Looks that change nothing are no news for the trail.
        if (next.place, next.proven, next.lost) != (known.place, known.proven, known.lost) {
            let shown = |proof: &Proof| {
                let place = proof.place.map(ProofPlace::as_str);
                json!({ "host": proof.host, "place": place, "proven": proof.proven, "lost": proof.lost })
            };
            tx.audit(self.who, "portal.proof", Some(id), Some(shown(&known)), Some(shown(&next))).await?;
        }
        if !self.dry_run {
            tx.commit().await?;
        }
        Ok(next)
    }

    /// Notes what came of a rehearsal of `registration`.
    pub async fn rehearsed(self, id: &PortalId, rehearsed: &Rehearsed) -> Result<(), Refusal> {
        let mut tx = self.registry.begin().await?;
        if tx.registration(id).await?.is_none() {
            return Err(Refusal::NoSuch);
        }
        tx.keep_rehearsed(id, rehearsed).await?;
        let after = json!({ "good": rehearsed.good, "draft": rehearsed.fingerprint });
        tx.audit(self.who, "portal.rehearsal", Some(id), None, Some(after)).await?;
        Ok(tx.commit().await?)
    }

    /// A token for the host of a registration, where it has none yet.
    async fn prepare_proof(&self, tx: &mut Tx, id: &PortalId, next: &Registration) -> Result<(), Refusal> {
        let Some(host) = next.host() else { return Ok(()) };
        if tx.proof(id, host).await?.is_some() {
            return Ok(());
        }
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(RegistryError::Random)?;
        let proof = Proof {
            portal: id.clone(),
            host: host.to_owned(),
            token: ProofToken::of(&random),
            place: None,
            proven: None,
            checked: None,
            lost: None,
            failures: 0,
        };
        Ok(tx.keep_proof(&proof).await?)
    }

    #[expect(clippy::too_many_arguments, reason = "private, and each of them is one word of the sentence it writes")]
    async fn write(
        self,
        mut tx: Tx,
        id: &PortalId,
        step: &str,
        known: Option<Registered>,
        next: Option<Registration>,
        undoes: Option<i64>,
        reason: Option<&str>,
    ) -> Result<Changed, Refusal> {
        let before = known.as_ref().map_or(Value::Null, |known| value(&known.registration));
        let after = next.as_ref().map_or(Value::Null, value);
        let differences = changes::differences(&before, &after);
        if differences.is_empty() {
            return Ok(Changed {
                number: None,
                facts: facts_of(&mut tx, id, next.as_ref()).await?,
                now: next,
                differences,
            });
        }
        let owner = known.as_ref().map_or(self.who.account, |known| known.owner);
        match &next {
            Some(next) => tx.keep_registration(id, next, owner).await?,
            None => tx.remove_registration(id).await?,
        }
        let change = NewChange { portal: id, actor: &self.who.name, step, before: &before, after: &after, undoes };
        let number = tx.add_change(&change).await?;
        let action = format!("portal.{step}");
        let some = |value: Value| (!value.is_null()).then_some(value);
        tx.audit_because(self.who, &action, Some(id), some(before), some(after), reason).await?;
        let facts = facts_of(&mut tx, id, next.as_ref()).await?;
        if self.dry_run {
            return Ok(Changed { number: None, now: next, differences, facts });
        }
        tx.commit().await?;
        Ok(Changed { number: Some(number), now: next, differences, facts })
    }
}

/// What is known beside a registration, from outside of a step.
pub async fn facts_now(registry: &Registry, known: &Registered) -> Result<Facts, RegistryError> {
    let proof = match known.registration.host() {
        Some(host) => registry.proof(&known.id, host).await?,
        None => None,
    };
    Ok(judged(&known.registration, proof.as_ref(), registry.rehearsed(&known.id).await?.as_ref()))
}

async fn facts(tx: &mut Tx, known: &Registered) -> Result<Facts, RegistryError> {
    facts_of(tx, &known.id, Some(&known.registration)).await
}

async fn facts_of(tx: &mut Tx, id: &PortalId, registration: Option<&Registration>) -> Result<Facts, RegistryError> {
    let Some(registration) = registration else { return Ok(Facts::default()) };
    let proof = match registration.host() {
        Some(host) => tx.proof(id, host).await?,
        None => None,
    };
    Ok(judged(registration, proof.as_ref(), tx.rehearsed(id).await?.as_ref()))
}

fn judged(registration: &Registration, proof: Option<&Proof>, rehearsed: Option<&Rehearsed>) -> Facts {
    // What the operator vouched for has no address. Of who delivers by itself there is nothing to rehearse.
    let vouched = registration.address.is_none();
    let pushes = registration.portal.connector.url().is_none();
    Facts {
        proven: vouched || proof.is_some_and(|proof| proof.proven.is_some() && proof.lost.is_none()),
        rehearsed: vouched
            || pushes
            || rehearsed.is_some_and(|last| last.good && last.fingerprint == registration.fingerprint()),
    }
}

/// What is known of a proof after somebody looked for it.
pub fn after_look(known: &Proof, found: Option<ProofPlace>, now: Timestamp) -> Proof {
    let next = Proof { checked: Some(now), ..known.clone() };
    match found {
        Some(place) => {
            Proof { place: Some(place), proven: known.proven.or(Some(now)), lost: None, failures: 0, ..next }
        }
        None if known.proven.is_none() => next,
        None => Proof { lost: known.lost.or(Some(now)), failures: known.failures + 1, ..next },
    }
}

fn is_open(registration: &Registration) -> bool {
    registration.live.is_none() && !matches!(registration.state, State::Withdrawn { .. })
}

fn value(registration: &Registration) -> Value {
    serde_json::to_value(registration).expect("a registration holds only what JSON can hold")
}

/// A draft that is not what is live has to be released again, whatever the state says that came back with it.
fn settled(next: Registration, now: Option<&Registration>) -> Registration {
    let other_draft = now.is_some_and(|now| now.portal != next.portal || now.address != next.address);
    let released = matches!(next.state, State::Released { .. }) && next.live.as_ref() == Some(&next.portal);
    match next.state {
        State::Submitted { .. } | State::Released { .. } if other_draft && !released => {
            Registration { state: State::Draft {}, ..next }
        }
        _ => next,
    }
}

/// True when taking something back would do what the operator alone does.
fn needs_operator(now: Option<&Registration>, next: Option<&Registration>) -> bool {
    let (Some(now), Some(next)) = (now, next) else {
        // What was live does not vanish by taking back its first step.
        return now.or(next).is_some_and(|one| one.live.is_some());
    };
    let live = match (&now.live, &next.live) {
        (Some(now), Some(next)) => !only_small(now, next),
        (now, next) => now != next,
    };
    let decided =
        |state: &State| matches!(state, State::Released { .. } | State::Suspended { .. } | State::Refused { .. });
    let state = now.state != next.state && (decided(&next.state) || matches!(now.state, State::Suspended { .. }));
    live || state
}

#[cfg(test)]
mod tests;
