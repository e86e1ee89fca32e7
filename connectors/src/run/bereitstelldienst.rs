//! The Bereitstelldienst of the PVOG: blocks of XZuFi in JSON envelopes, each of which names the next request.
//!
//! The address of the next request comes from outside, so it is held to the registered origin and path, must lead on
//! and may not come twice. A block whose envelope is wrong in any of this is not applied, and the kept cursor stays.
//! Source: reference on the interfaces of the PVOG, Bereitstelldienst.

use std::collections::HashSet;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::retry::{Verdict, judge};
use super::{Authorization, Block, Coverage, Cursor, Limits, Message, Outcome, Place, Request, Step, What};
use crate::egress::{MAX_URL_BYTES, same_origin};
use crate::finding::{Finding, Rule};

/// A token is renewed when less than this is left of it.
const TOKEN_RESERVE: Duration = Duration::from_secs(5);

/// The most bytes of an answer with a token.
const MAX_TOKEN_BYTES: u64 = 64 << 10;

/// A run over the blocks of a Bereitstelldienst.
#[derive(Debug)]
pub struct BereitstelldienstRun {
    start: Url,
    token_source: Option<(Url, String)>,
    limits: Limits,
    token: Option<Token>,
    /// The address of the next block.
    url: Url,
    /// The position that the next block begins at, where it is known.
    index: Option<u64>,
    /// Every address that was asked in this run.
    seen: HashSet<Url>,
    blocks: u64,
    next_id: u64,
    phase: Phase,
    /// How often the block that is due was asked for.
    block_tries: u32,
    /// How often the token that is due was asked for.
    token_tries: u32,
    /// True when the token was renewed for the block that is due because the service refused it.
    renewed: bool,
}

#[derive(Debug)]
enum Phase {
    /// A request is due after this wait.
    Due(Duration),
    Open(Request),
    Ready(Box<Message>),
    Done,
    Failed(Finding),
}

#[derive(Debug)]
struct Token {
    authorization: Authorization,
    /// When it ends, counted from the beginning of the run; none when the service does not say.
    ends: Option<Duration>,
    used: bool,
}

/// What is around a block. Every field must be there and have its type.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    xzufi_objekte: String,
    vollstaendig: bool,
    naechster_index: u64,
    naechste_anfrage_url: String,
    anzahl_objekte: u64,
}

/// The answer of the token endpoint. Source: RFC 6749, section 5.1.
#[derive(Deserialize)]
struct TokenAnswer {
    token_type: String,
    access_token: String,
    expires_in: Option<u64>,
}

impl BereitstelldienstRun {
    /// A run that begins at `cursor`, or at `start` where there is none of this start.
    ///
    /// `token` is the address of the token endpoint and the `client_id`, if the service asks for a token.
    pub fn new(start: Url, token: Option<(Url, String)>, cursor: Option<Cursor>, limits: Limits) -> Self {
        let cursor = cursor.filter(|cursor| cursor.start == start && inside(&start, &cursor.url));
        let (url, index) = match cursor {
            Some(cursor) => (cursor.url, Some(cursor.index)),
            None => (start.clone(), None),
        };
        Self {
            start,
            token_source: token,
            limits,
            token: None,
            url,
            index,
            seen: HashSet::new(),
            blocks: 0,
            next_id: 0,
            phase: Phase::Due(Duration::ZERO),
            block_tries: 0,
            token_tries: 0,
            renewed: false,
        }
    }

    /// What is to be done next, `elapsed` after the run began.
    pub fn next_step(&mut self, elapsed: Duration) -> Step {
        match std::mem::replace(&mut self.phase, Phase::Done) {
            Phase::Due(wait) => self.ask(wait, elapsed),
            Phase::Open(request) => {
                self.phase = Phase::Open(request);
                Step::Pending
            }
            Phase::Ready(message) => {
                if !message.complete {
                    self.phase = Phase::Due(Duration::ZERO);
                }
                Step::Apply(Block::Message(message))
            }
            // What a service does not name in one run may still be there: it sends changes.
            Phase::Done => Step::Finished(Coverage::Part),
            Phase::Failed(finding) => {
                self.phase = Phase::Failed(finding.clone());
                Step::Failed(vec![finding])
            }
        }
    }

    /// Takes the outcome of request `id`, `elapsed` after the run began.
    pub fn answer(&mut self, id: u64, outcome: Outcome, elapsed: Duration) {
        let request = match &self.phase {
            Phase::Open(request) if request.id == id => request.clone(),
            _ => return,
        };
        let is_token = matches!(request.what, What::Token { .. });
        let follows = match outcome {
            Outcome::Body(bytes) if is_token => self.take_token(&bytes, elapsed),
            Outcome::Body(bytes) => self.take_block(&bytes),
            Outcome::Status { status: 401, .. } if !is_token && self.token.is_some() && !self.renewed => {
                self.token = None;
                self.renewed = true;
                Ok(Phase::Due(Duration::ZERO))
            }
            Outcome::Status { status, .. } if matches!(status, 401 | 403) || (is_token && status == 400) => {
                Err(Finding::new(Rule::AuthFailed).value(format!("HTTP-Status {status}")))
            }
            outcome => {
                match judge(&outcome, if is_token { self.token_tries } else { self.block_tries }, &self.limits) {
                    Verdict::Again(wait) => Ok(Phase::Due(wait)),
                    Verdict::GiveUp(finding) => Err(finding),
                }
            }
        };
        self.phase = match follows {
            Ok(phase) => phase,
            Err(finding) => Phase::Failed(finding.file(request.place.to_string())),
        };
    }

    fn ask(&mut self, wait: Duration, elapsed: Duration) -> Step {
        let fits = |token: &Token| {
            !token.used || token.ends.is_none_or(|ends| ends.saturating_sub(elapsed + wait) >= TOKEN_RESERVE)
        };
        if self.token.as_ref().is_some_and(|token| !fits(token)) {
            self.token = None;
        }
        let (what, place, max_bytes) = match (&self.token_source, &self.token) {
            (Some((url, client_id)), None) => {
                self.token_tries += 1;
                (What::Token { client_id: client_id.clone() }, Place::Url(url.clone()), MAX_TOKEN_BYTES)
            }
            _ => {
                self.block_tries += 1;
                self.seen.insert(self.url.clone());
                (What::Envelope, Place::Url(self.url.clone()), self.limits.max_envelope_bytes)
            }
        };
        let authorization = match (&what, &mut self.token) {
            (What::Envelope, Some(token)) => {
                token.used = true;
                Some(token.authorization.clone())
            }
            _ => None,
        };
        let request = Request { id: self.next_id, what, place, max_bytes, wait, authorization };
        self.next_id += 1;
        self.phase = Phase::Open(request.clone());
        Step::Fetch(request)
    }

    fn take_token(&mut self, bytes: &[u8], elapsed: Duration) -> Result<Phase, Finding> {
        let fault = |value: &str| Finding::new(Rule::AuthFailed).value(value);
        // The error of the parser could show the token.
        let answer: TokenAnswer = serde_json::from_slice(bytes).map_err(|_| fault("Antwort ohne gültiges Token"))?;
        let visible = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !visible(&answer.token_type) || !visible(&answer.access_token) {
            return Err(fault("Antwort ohne gültiges Token"));
        }
        let lifetime = answer.expires_in.or_else(|| jwt_lifetime(&answer.access_token));
        self.token = Some(Token {
            authorization: Authorization(format!("{} {}", answer.token_type, answer.access_token)),
            ends: lifetime.map(|seconds| elapsed.saturating_add(Duration::from_secs(seconds))),
            used: false,
        });
        self.token_tries = 0;
        Ok(Phase::Due(Duration::ZERO))
    }

    fn take_block(&mut self, bytes: &[u8]) -> Result<Phase, Finding> {
        let envelope: Envelope = serde_json::from_slice(bytes).map_err(|error| {
            let finding = Finding::new(Rule::EnvelopeInvalid).value(error.to_string());
            if error.line() > 0 { finding.line(error.line() as u64) } else { finding }
        })?;
        let written = &envelope.naechste_anfrage_url;
        let foreign = || Finding::new(Rule::CursorForeign).value(written);
        let next = Url::parse(written).map_err(|_| foreign())?;
        if written.len() > MAX_URL_BYTES || !inside(&self.start, &next) {
            return Err(foreign());
        }
        let stuck = |value: String| Err(Finding::new(Rule::CursorStuck).value(value));
        let (index, before) = (envelope.naechster_index, self.index);
        if before.is_some_and(|before| index < before || (index == before && !envelope.vollstaendig)) {
            return stuck(format!("naechsterIndex {index}"));
        }
        // The last block may name the very request that gave it: there is nothing new yet.
        if self.seen.contains(&next) && !(envelope.vollstaendig && next == self.url) {
            return stuck(next.to_string());
        }
        self.blocks += 1;
        if !envelope.vollstaendig && self.blocks >= self.limits.max_blocks {
            let value = format!("{} Blöcke", self.limits.max_blocks);
            return Err(Finding::new(Rule::RunTooLong).value(value));
        }
        let from = std::mem::replace(&mut self.url, next.clone());
        self.index = Some(index);
        self.block_tries = 0;
        self.renewed = false;
        let cursor = Cursor { start: self.start.clone(), url: next, index };
        let message = Message {
            xml: envelope.xzufi_objekte,
            from,
            cursor,
            objects: envelope.anzahl_objekte,
            complete: envelope.vollstaendig,
        };
        Ok(Phase::Ready(Box::new(message)))
    }
}

/// True when `url` is at the origin of `start`, at its path or below it, and carries no credentials.
fn inside(start: &Url, url: &Url) -> bool {
    let below = url.path().strip_prefix(start.path().trim_end_matches('/'));
    same_origin(start, url)
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Seconds between `iat` and `exp` of a JSON Web Token (RFC 7519); their difference needs no clock.
fn jwt_lifetime(token: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Claims {
        iat: u64,
        exp: u64,
    }
    let claims: Claims = serde_json::from_slice(&base64url(token.split('.').nth(1)?)?).ok()?;
    claims.exp.checked_sub(claims.iat)
}

/// The bytes of unpadded base64url (RFC 4648, section 5).
fn base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(six)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Some(bytes)
}
