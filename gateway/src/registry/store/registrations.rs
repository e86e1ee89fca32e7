//! Registrations of portals, their change sets, proofs and rehearsals.

use connectors::ids::PortalId;
use connectors::registration::{ProofPlace, ProofToken};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Registry, RegistryError, Tx, some_time, time, unreadable};
use crate::joining::registration::Registration;

/// A registration as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Registered {
    /// Of which portal.
    pub id: PortalId,
    /// What it says.
    pub registration: Registration,
    /// Number of the account that made it; 0 for the command line.
    pub owner: i64,
    /// When it was last changed.
    pub changed: Timestamp,
}

/// What one step changed.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeSet {
    /// Its number, rising over all portals.
    pub number: i64,
    /// Of which portal.
    pub portal: PortalId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// Which step, such as `edit` or `release`.
    pub step: String,
    /// The registration before; null for the first.
    pub before: Value,
    /// The registration after; null where it was taken away.
    pub after: Value,
    /// The change set that this one took back.
    pub undoes: Option<i64>,
    /// The change set that took this one back.
    pub undone_by: Option<i64>,
}

/// A new change set.
#[derive(Debug, Clone)]
pub struct NewChange<'a> {
    /// Of which portal.
    pub portal: &'a PortalId,
    /// Who.
    pub actor: &'a str,
    /// Which step.
    pub step: &'a str,
    /// The registration before.
    pub before: &'a Value,
    /// The registration after.
    pub after: &'a Value,
    /// The change set that this one takes back.
    pub undoes: Option<i64>,
}

/// What is known of the proof that a host belongs to a portal.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// Of which portal.
    pub portal: PortalId,
    /// Which host.
    pub host: String,
    /// What has to be there.
    pub token: ProofToken,
    /// Where it was found last.
    pub place: Option<ProofPlace>,
    /// When it was first found; none before.
    pub proven: Option<Timestamp>,
    /// When somebody last looked.
    pub checked: Option<Timestamp>,
    /// Since when it is not found any more.
    pub lost: Option<Timestamp>,
    /// How often in a row it was not found since.
    pub failures: i64,
}

/// A rehearsal as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsed {
    /// Which draft was rehearsed.
    pub fingerprint: String,
    /// Whether that could go live.
    pub good: bool,
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub body: Value,
}

fn id_of(row: &AnyRow, at: usize) -> Result<PortalId, RegistryError> {
    let text: String = row.try_get(at)?;
    text.parse().map_err(|error| unreadable("an id of a portal", error))
}

fn json(what: &str, text: Option<String>) -> Result<Value, RegistryError> {
    text.map_or(Ok(Value::Null), |text| serde_json::from_str(&text).map_err(|error| unreadable(what, error)))
}

fn registered(row: &AnyRow) -> Result<Registered, RegistryError> {
    let id = id_of(row, 0)?;
    let body: String = row.try_get(1)?;
    let registration =
        serde_json::from_str(&body).map_err(|error| unreadable(format!("the registration of {id}"), error))?;
    Ok(Registered { id, registration, owner: row.try_get(2)?, changed: time(row.try_get(3)?)? })
}

fn change_set(row: &AnyRow) -> Result<ChangeSet, RegistryError> {
    Ok(ChangeSet {
        number: row.try_get(0)?,
        portal: id_of(row, 1)?,
        at: time(row.try_get(2)?)?,
        actor: row.try_get(3)?,
        step: row.try_get(4)?,
        before: json("a change set", row.try_get(5)?)?,
        after: json("a change set", row.try_get(6)?)?,
        undoes: row.try_get(7)?,
        undone_by: row.try_get(8)?,
    })
}

fn proof(row: &AnyRow) -> Result<Proof, RegistryError> {
    let (portal, token): (PortalId, String) = (id_of(row, 0)?, row.try_get(2)?);
    let place: Option<String> = row.try_get(3)?;
    let named = |name: String| ProofPlace::named(&name).ok_or_else(|| unreadable("a proof", format!("place `{name}`")));
    Ok(Proof {
        portal,
        host: row.try_get(1)?,
        token: token.try_into().map_err(|error| unreadable("the token of a proof", error))?,
        place: place.map(named).transpose()?,
        proven: some_time(row.try_get(4)?)?,
        checked: some_time(row.try_get(5)?)?,
        lost: some_time(row.try_get(6)?)?,
        failures: row.try_get(7)?,
    })
}

fn rehearsed(row: &AnyRow) -> Result<Rehearsed, RegistryError> {
    let (good, body): (i64, String) = (row.try_get(1)?, row.try_get(3)?);
    Ok(Rehearsed {
        fingerprint: row.try_get(0)?,
        good: good != 0,
        at: time(row.try_get(2)?)?,
        body: json("a rehearsal", Some(body))?,
    })
}

const REGISTRATIONS: &str = "SELECT portal, body, owner, changed FROM registration";
const CHANGES: &str = "SELECT number, portal, at, actor, step, old_value, new_value, undoes, undone_by FROM change_set";
const PROOFS: &str = "SELECT portal, host, token, place, proven, checked, lost, failures FROM proof";

impl Registry {
    /// Every registration, by id.
    pub async fn registrations(&self) -> Result<Vec<Registered>, RegistryError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{REGISTRATIONS} ORDER BY portal")));
        rows.fetch_all(&self.readers).await?.iter().map(registered).collect()
    }

    /// The registration of a portal.
    pub async fn registration(&self, id: &PortalId) -> Result<Option<Registered>, RegistryError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{REGISTRATIONS} WHERE portal = $1")));
        row.bind(id.to_string()).fetch_optional(&self.readers).await?.as_ref().map(registered).transpose()
    }

    /// The number of the last change set: it rises with every change of any registration.
    pub async fn last_change(&self) -> Result<i64, RegistryError> {
        let row = sqlx::query("SELECT value FROM meta WHERE name = 'change_set'").fetch_one(&self.readers).await?;
        Ok(row.try_get(0)?)
    }

    /// The last change sets of a portal, the last first.
    pub async fn change_sets(&self, portal: &PortalId, limit: i64) -> Result<Vec<ChangeSet>, RegistryError> {
        let rows = format!("{CHANGES} WHERE portal = $1 ORDER BY number DESC LIMIT $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(rows)).bind(portal.to_string()).bind(limit);
        rows.fetch_all(&self.readers).await?.iter().map(change_set).collect()
    }

    /// What shows that a host belongs to a portal.
    pub async fn proof(&self, portal: &PortalId, host: &str) -> Result<Option<Proof>, RegistryError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{PROOFS} WHERE portal = $1 AND host = $2")));
        let row = row.bind(portal.to_string()).bind(host.to_owned());
        row.fetch_optional(&self.readers).await?.as_ref().map(proof).transpose()
    }

    /// The last rehearsal of a portal.
    pub async fn rehearsed(&self, portal: &PortalId) -> Result<Option<Rehearsed>, RegistryError> {
        let row = sqlx::query("SELECT fingerprint, good, at, body FROM rehearsal WHERE portal = $1");
        row.bind(portal.to_string()).fetch_optional(&self.readers).await?.as_ref().map(rehearsed).transpose()
    }
}

impl Tx {
    /// The registration of a portal, as these changes see it.
    pub async fn registration(&mut self, id: &PortalId) -> Result<Option<Registered>, RegistryError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{REGISTRATIONS} WHERE portal = $1")));
        row.bind(id.to_string()).fetch_optional(&mut *self.inner).await?.as_ref().map(registered).transpose()
    }

    /// The registrations that an account made.
    pub async fn registrations_of(&mut self, owner: i64) -> Result<Vec<Registered>, RegistryError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{REGISTRATIONS} WHERE owner = $1"))).bind(owner);
        rows.fetch_all(&mut *self.inner).await?.iter().map(registered).collect()
    }

    /// Keeps a registration, in the place of the one that was there; `owner` counts for a new one alone.
    pub async fn keep_registration(
        &mut self,
        id: &PortalId,
        registration: &Registration,
        owner: i64,
    ) -> Result<(), RegistryError> {
        let body = serde_json::to_string(registration).map_err(|error| unreadable("a registration", error))?;
        let keep = sqlx::query(
            "INSERT INTO registration (portal, body, owner, changed) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (portal) DO UPDATE SET body = excluded.body, changed = excluded.changed",
        );
        let keep = keep.bind(id.to_string()).bind(body).bind(owner).bind(self.now.as_millisecond());
        keep.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Takes a registration away with all that hangs on it, rights included: whoever takes the id next begins anew.
    pub async fn remove_registration(&mut self, id: &PortalId) -> Result<(), RegistryError> {
        for statement in [
            "DELETE FROM registration WHERE portal = $1",
            "DELETE FROM proof WHERE portal = $1",
            "DELETE FROM rehearsal WHERE portal = $1",
            "DELETE FROM account_right WHERE portal = $1",
        ] {
            sqlx::query(statement).bind(id.to_string()).execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// Writes a change set; gives its number.
    pub async fn add_change(&mut self, new: &NewChange<'_>) -> Result<i64, RegistryError> {
        let number = self.next("change_set").await?;
        let text = |value: &Value| (!value.is_null()).then(|| value.to_string());
        let add = sqlx::query(
            "INSERT INTO change_set (number, portal, at, actor, step, old_value, new_value, undoes) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        );
        let add = add.bind(number).bind(new.portal.to_string()).bind(self.now.as_millisecond());
        let add = add.bind(new.actor.to_owned()).bind(new.step.to_owned()).bind(text(new.before));
        add.bind(text(new.after)).bind(new.undoes).execute(&mut *self.inner).await?;
        if let Some(undone) = new.undoes {
            let mark = sqlx::query("UPDATE change_set SET undone_by = $1 WHERE number = $2").bind(number);
            mark.bind(undone).execute(&mut *self.inner).await?;
        }
        Ok(number)
    }

    /// A change set of a portal.
    pub async fn change_set(&mut self, portal: &PortalId, number: i64) -> Result<Option<ChangeSet>, RegistryError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{CHANGES} WHERE portal = $1 AND number = $2")));
        let row = row.bind(portal.to_string()).bind(number);
        row.fetch_optional(&mut *self.inner).await?.as_ref().map(change_set).transpose()
    }

    /// What shows that a host belongs to a portal, as these changes see it.
    pub async fn proof(&mut self, portal: &PortalId, host: &str) -> Result<Option<Proof>, RegistryError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{PROOFS} WHERE portal = $1 AND host = $2")));
        let row = row.bind(portal.to_string()).bind(host.to_owned());
        row.fetch_optional(&mut *self.inner).await?.as_ref().map(proof).transpose()
    }

    /// Keeps what is known of a proof, in the place of what was known.
    pub async fn keep_proof(&mut self, proof: &Proof) -> Result<(), RegistryError> {
        let ms = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
        let keep = sqlx::query(
            "INSERT INTO proof (portal, host, token, place, proven, checked, lost, failures) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (portal, host) DO UPDATE SET \
             token = excluded.token, place = excluded.place, proven = excluded.proven, checked = excluded.checked, \
             lost = excluded.lost, failures = excluded.failures",
        );
        let keep = keep.bind(proof.portal.to_string()).bind(proof.host.clone()).bind(proof.token.to_string());
        let keep = keep.bind(proof.place.map(|place| place.as_str().to_owned())).bind(ms(proof.proven));
        let keep = keep.bind(ms(proof.checked)).bind(ms(proof.lost)).bind(proof.failures);
        keep.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// The last rehearsal of a portal, as these changes see it.
    pub async fn rehearsed(&mut self, portal: &PortalId) -> Result<Option<Rehearsed>, RegistryError> {
        let row = sqlx::query("SELECT fingerprint, good, at, body FROM rehearsal WHERE portal = $1");
        row.bind(portal.to_string()).fetch_optional(&mut *self.inner).await?.as_ref().map(rehearsed).transpose()
    }

    /// Keeps the last rehearsal of a portal.
    pub async fn keep_rehearsed(&mut self, portal: &PortalId, rehearsed: &Rehearsed) -> Result<(), RegistryError> {
        let keep = sqlx::query(
            "INSERT INTO rehearsal (portal, fingerprint, good, at, body) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (portal) DO UPDATE SET fingerprint = excluded.fingerprint, good = excluded.good, \
             at = excluded.at, body = excluded.body",
        );
        let keep = keep.bind(portal.to_string()).bind(rehearsed.fingerprint.clone()).bind(i64::from(rehearsed.good));
        let keep = keep.bind(rehearsed.at.as_millisecond()).bind(rehearsed.body.to_string());
        keep.execute(&mut *self.inner).await?;
        Ok(())
    }
}
