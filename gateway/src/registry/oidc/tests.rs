//! A provider that answers as a test tells it to, also in ways that no provider should.

use std::sync::Mutex as Slot;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::{HeaderMap, HeaderValue};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJsonWebKeySet};
use openidconnect::{
    Audience, EndUserUsername, IdToken, JsonWebKeyId, PrivateSigningKey as _, StandardClaims, SubjectIdentifier,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::registry::tests::desk;
use crate::registry::{AccountChange, Desk, Who};

/// What the next token says; everything is right as long as nothing is changed.
#[derive(Clone)]
struct Says {
    issuer: String,
    audience: String,
    subject: String,
    name: Option<String>,
    nonce: String,
    /// Seconds from now.
    made: i64,
    ends: i64,
    groups: Value,
    /// The key that signs, and its name.
    key: usize,
    kid: &'static str,
}

struct Fake {
    address: String,
    keys: [String; 2],
    /// Which keys are published.
    published: Slot<Vec<(usize, &'static str)>>,
    says: Slot<Says>,
    /// The form with which the code was exchanged, and how we named ourselves.
    asked: Slot<Option<(BTreeMap<String, String>, Option<String>)>>,
    /// How often the keys were asked for.
    asked_for_keys: Slot<usize>,
}

fn signing(pem: &str, kid: &str) -> CoreEdDsaPrivateSigningKey {
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(pem, Some(JsonWebKeyId::new(kid.to_owned()))).unwrap()
}

impl Fake {
    async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let key = || rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem();
        let says = Says {
            issuer: address.clone(),
            audience: "wir".into(),
            subject: "subjekt-1".into(),
            name: Some("Erika.Musterfrau".into()),
            nonce: String::new(),
            made: 0,
            ends: 60,
            groups: Value::Null,
            key: 0,
            kid: "eins",
        };
        let fake = Arc::new(Self {
            address: address.clone(),
            keys: [key(), key()],
            published: Slot::new(vec![(0, "eins")]),
            says: Slot::new(says),
            asked: Slot::default(),
            asked_for_keys: Slot::default(),
        });
        let described = json!({
            "issuer": address, "authorization_endpoint": format!("{address}/auth"),
            "token_endpoint": format!("{address}/token"), "jwks_uri": format!("{address}/jwks"),
            "end_session_endpoint": format!("{address}/ende"), "response_types_supported": ["code"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["EdDSA"],
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(async move || Json(described)))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .with_state(Arc::clone(&fake));
        tokio::spawn(async move {
            let service = hyper_util::service::TowerToHyperService::new(router);
            while let Ok((stream, _)) = listener.accept().await {
                let stream = hyper_util::rt::TokioIo::new(stream);
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(stream, service.clone()));
            }
        });
        fake
    }

    fn says(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.says.lock().unwrap());
    }
}

async fn jwks(State(fake): State<Arc<Fake>>) -> Json<CoreJsonWebKeySet> {
    *fake.asked_for_keys.lock().unwrap() += 1;
    let published = fake.published.lock().unwrap();
    let keys = published.iter().map(|(key, kid)| signing(&fake.keys[*key], kid).as_verification_key());
    Json(CoreJsonWebKeySet::new(keys.collect()))
}

async fn token(State(fake): State<Arc<Fake>>, headers: HeaderMap, body: String) -> Response {
    let form = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let named = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
    *fake.asked.lock().unwrap() = Some((form, named));
    let says = fake.says.lock().unwrap().clone();
    let at = |seconds| {
        let at = clock::now() + SignedDuration::from_secs(seconds);
        chrono::DateTime::from_timestamp_millis(at.as_millisecond()).unwrap()
    };
    let standard = StandardClaims::new(SubjectIdentifier::new(says.subject))
        .set_preferred_username(says.name.map(EndUserUsername::new));
    let claims = Claims::new(
        IssuerUrl::new(says.issuer).unwrap(),
        vec![Audience::new(says.audience)],
        at(says.ends),
        at(says.made),
        standard,
        Further { all: BTreeMap::from([("gruppen".to_owned(), says.groups)]) },
    );
    let claims = claims.set_nonce(Some(Nonce::new(says.nonce)));
    let key = signing(&fake.keys[says.key], says.kid);
    let token: IdToken<Further, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm> =
        IdToken::new(claims, &key, CoreJwsSigningAlgorithm::EdDsa, None, None).unwrap();
    let answer = json!({"access_token": "x", "token_type": "Bearer", "id_token": token.to_string()});
    let mut response = Response::new(Body::from(answer.to_string()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A desk whose people sign in with the fake.
async fn with(fake: &Fake, secret: Option<&str>) -> (tempfile::TempDir, Desk) {
    let (dir, desk) = desk(Vec::new()).await;
    let secret_file = secret.map(|secret| {
        let file = dir.path().join("secret");
        std::fs::write(&file, secret).unwrap();
        format!("client_secret_file = {file:?}\n")
    });
    let text = format!(
        "issuer = \"{}\"\nclient_id = \"wir\"\nname = \"dem Testdienst\"\nrole_claim = \"gruppen\"\n{}\
         [roles]\nbetrieb = \"operator\"\nanbieter = \"provider\"\n",
        fake.address,
        secret_file.unwrap_or_default()
    );
    let config = config::Config { oidc: Some(toml::from_str(&text).unwrap()), ..(*desk.config).clone() };
    let Desk { registry, site, indexer, portals, fetcher, .. } = desk;
    (dir, Desk::new(registry, site, indexer, portals, Arc::new(config), fetcher).unwrap())
}

async fn get_page(desk: &Desk, path: &str, cookie: Option<&str>) -> Response {
    let mut request = Request::get(path);
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    crate::registry::pages(desk.clone()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// The cookie of this name that an answer sets.
fn cookie(response: &Response, name: &str) -> Option<String> {
    let all = response.headers().get_all(header::SET_COOKIE).iter();
    let pairs = all.filter_map(|field| field.to_str().ok()?.split(';').next().map(str::to_owned));
    pairs.into_iter().find(|pair| pair.split_once('=').is_some_and(|(known, value)| known == name && !value.is_empty()))
}

/// The way to the provider: what the browser keeps, and the parameters of the address that it goes to.
async fn begin(desk: &Desk) -> (String, BTreeMap<String, String>) {
    let response = get_page(desk, "/anbindung/anmelden/anbieter?weiter=%2Fanbindung%2Fkonto%3Fa%3Db.c%3Bd", None).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let kept = cookie(&response, "pvnrw_anmeldung").unwrap();
    let to: Url = response.headers()[header::LOCATION].to_str().unwrap().parse().unwrap();
    assert_eq!(to.path(), "/auth");
    (kept, to.query_pairs().into_owned().collect())
}

/// A whole sign-in, with what the provider then says.
async fn sign_in(desk: &Desk, fake: &Fake) -> Response {
    let (kept, sent) = begin(desk).await;
    fake.says(|says| {
        if says.nonce.is_empty() {
            says.nonce.clone_from(&sent["nonce"]);
        }
    });
    let back = format!("/anbindung/anmelden/zurueck?code=c&state={}", sent["state"]);
    let response = get_page(desk, &back, Some(&kept)).await;
    fake.says(|says| says.nonce.clear());
    response
}

async fn reasons(desk: &Desk) -> Vec<String> {
    let entries = desk.registry.audit_after(0, 1_000).await.unwrap();
    let refused = entries.into_iter().filter(|entry| entry.action == "session.refused");
    let after = refused.map(|entry| serde_json::from_str::<Value>(&entry.after.unwrap()).unwrap());
    after.map(|after| after["reason"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn somebody_comes_in_with_an_account_of_their_own_and_no_rights() {
    let fake = Fake::start().await;
    let (_dir, desk) = with(&fake, Some("geheim ist's")).await;
    let page = text(get_page(&desk, "/anbindung/anmelden?weiter=%2Fanbindung%2Fkonto", None).await).await;
    assert!(page.contains("Mit dem Testdienst anmelden"));
    crate::pages::tests::markup::check(&page);
    let (kept, sent) = begin(&desk).await;
    assert_eq!((sent["response_type"].as_str(), sent["client_id"].as_str()), ("code", "wir"));
    assert_eq!(sent["redirect_uri"], "http://localhost/anbindung/anmelden/zurueck");
    assert_eq!((sent["code_challenge_method"].as_str(), sent["scope"].as_str()), ("S256", "openid profile email"));
    fake.says(|says| says.nonce.clone_from(&sent["nonce"]));
    let back = format!("/anbindung/anmelden/zurueck?code=c&state={}&iss={}", sent["state"], fake.address);
    let response = get_page(&desk, &back, Some(&kept)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()[header::LOCATION], "/anbindung/konto?a=b.c;d");
    let session = cookie(&response, "pvnrw").unwrap();
    let page = text(get_page(&desk, "/anbindung/konto", Some(&session)).await).await;
    assert!(page.contains("erika.musterfrau") && page.contains("Redaktion") && !page.contains("Kennwort ändern"));
    let account = desk.registry.account_named("erika.musterfrau").await.unwrap().unwrap();
    assert_eq!(account.subject, Some((fake.address.clone(), "subjekt-1".to_owned())));
    assert_eq!(desk.registry.rights(account.id).await.unwrap(), BTreeMap::new());
    // The code was exchanged with the verifier of the challenge, and with our secret in the head.
    let (form, named) = fake.asked.lock().unwrap().take().unwrap();
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(form["code_verifier"].clone()));
    assert_eq!(challenge.as_str(), sent["code_challenge"]);
    assert!(named.unwrap().starts_with("Basic ") && !form.contains_key("client_secret"));
    // The next time it is the same account, whatever it is called then; somebody else of this name gets another one.
    fake.says(|says| (says.nonce, says.name) = (String::new(), Some("anders".into())));
    assert_eq!(sign_in(&desk, &fake).await.status(), StatusCode::SEE_OTHER);
    fake.says(|says| (says.subject, says.name) = ("subjekt-2".into(), Some("erika.musterfrau".into())));
    assert_eq!(sign_in(&desk, &fake).await.status(), StatusCode::SEE_OTHER);
    let names: Vec<_> = desk.registry.accounts().await.unwrap().into_iter().map(|account| account.name).collect();
    assert_eq!(names, ["erika.musterfrau", "erika.musterfrau-2"]);
    // Signing out shows where one signs out there as well.
    let page = text(get_page(&desk, "/anbindung/abgemeldet", None).await).await;
    assert!(page.contains(&format!("{}/ende?client_id=wir", fake.address)), "{page}");
}

#[tokio::test]
async fn a_claim_gives_and_takes_roles() {
    let fake = Fake::start().await;
    let (_dir, desk) = with(&fake, None).await;
    for (groups, role) in [
        (json!(["anbieter", "betrieb", "sonst"]), Role::Operator),
        (json!("anbieter"), Role::Provider),
        (json!([]), Role::Editor),
        (json!({"betrieb": true}), Role::Editor),
        (json!(["betrieb"]), Role::Operator),
        (Value::Null, Role::Editor),
    ] {
        fake.says(|says| says.groups = groups.clone());
        assert_eq!(sign_in(&desk, &fake).await.status(), StatusCode::SEE_OTHER, "{groups}");
        let account = desk.registry.account_named("erika.musterfrau").await.unwrap().unwrap();
        assert_eq!(account.role, role, "{groups}");
    }
    // A client without a secret names itself in the body.
    let (form, named) = fake.asked.lock().unwrap().take().unwrap();
    assert_eq!((form["client_id"].as_str(), named), ("wir", None));
    assert!(desk.registry.verify_audit().await.unwrap().is_ok());
}

#[tokio::test]
async fn what_is_not_valid_is_refused_with_a_page_and_an_entry() {
    type Wrong = fn(&mut Says);
    const CASES: &[(&str, Wrong)] = &[
        ("nonce", |says| says.nonce = "eine andere".into()),
        ("expired", |says| (says.made, says.ends) = (-300, -120)),
        // Made too long ago, and made in the future.
        ("expired", |says| (says.made, says.ends) = (-1_000, 60)),
        ("expired", |says| (says.made, says.ends) = (300, 600)),
        ("audience", |says| says.audience = "andere".into()),
        ("issuer", |says| says.issuer = "https://andere.example".into()),
        // Signed by another key under the name of the known one, and by one that was never published.
        ("signature", |says| says.key = 1),
        ("signature", |says| (says.key, says.kid) = (1, "zwei")),
    ];
    let fake = Fake::start().await;
    let (_dir, desk) = with(&fake, None).await;
    let right = fake.says.lock().unwrap().clone();
    for (number, (reason, wrong)) in CASES.iter().enumerate() {
        fake.says(|says| *says = right.clone());
        fake.says(wrong);
        let response = sign_in(&desk, &fake).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{reason}");
        assert!(cookie(&response, "pvnrw").is_none());
        let page = text(response).await;
        assert!(page.contains("nicht gültig"), "{page}");
        crate::pages::tests::markup::check(&page);
        let reasons = reasons(&desk).await;
        assert_eq!((reasons.len(), reasons.last().map(String::as_str)), (number + 1, Some(*reason)), "{number}");
    }
    assert_eq!(desk.registry.accounts().await.unwrap(), []);
    // Clocks may differ by less than a minute.
    fake.says(|says| *says = Says { made: -90, ends: -30, ..right.clone() });
    assert_eq!(sign_in(&desk, &fake).await.status(), StatusCode::SEE_OTHER);
    fake.says(|says| *says = Says { made: 30, ends: 90, ..right.clone() });
    assert_eq!(sign_in(&desk, &fake).await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_return_belongs_to_the_browser_that_began() {
    let fake = Fake::start().await;
    let (_dir, desk) = with(&fake, None).await;
    let (one, sent) = begin(&desk).await;
    let (other, _) = begin(&desk).await;
    fake.says(|says| says.nonce.clone_from(&sent["nonce"]));
    let state = &sent["state"];
    let old = format!("pvnrw_anmeldung={}.{}.", clock::now().as_second() - 700, "A".repeat(43));
    let old_state = Begun { text: old["pvnrw_anmeldung=".len()..old.len() - 1].to_owned() }.state();
    for (what, query, kept) in [
        ("no cookie", format!("code=c&state={state}"), None),
        ("another browser", format!("code=c&state={state}"), Some(&other)),
        ("another state", "code=c&state=x".to_owned(), Some(&one)),
        ("no state", "code=c".to_owned(), Some(&one)),
        ("no code", format!("state={state}"), Some(&one)),
        ("another issuer", format!("code=c&state={state}&iss=https://andere.example"), Some(&one)),
        ("too long ago", format!("code=c&state={old_state}"), Some(&old)),
    ] {
        let response = get_page(&desk, &format!("/anbindung/anmelden/zurueck?{query}"), kept.map(String::as_str)).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{what}");
        assert!(text(response).await.contains("nicht in diesem Browser begonnen"), "{what}");
    }
    let refused = format!("/anbindung/anmelden/zurueck?error=access_denied&state={state}");
    let response = get_page(&desk, &refused, Some(&one)).await;
    assert!(text(response).await.contains("hat die Anmeldung abgelehnt"));
    assert!(fake.asked.lock().unwrap().is_none(), "no code was exchanged for any of these");
    let reasons = reasons(&desk).await;
    assert_eq!(reasons.iter().filter(|reason| *reason == "state").count(), 7);
    assert_eq!(reasons.last().map(String::as_str), Some("refused"));
}

#[tokio::test]
async fn new_keys_are_fetched_when_one_is_unknown_but_not_each_time() {
    let fake = Fake::start().await;
    let (_dir, desk) = with(&fake, None).await;
    assert_eq!(sign_in(&desk, &fake).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(*fake.asked_for_keys.lock().unwrap(), 1);
    fake.says(|says| (says.key, says.kid) = (1, "zwei"));
    *fake.published.lock().unwrap() = vec![(1, "zwei")];
    // Asked just now, so not again at once.
    assert_eq!(sign_in(&desk, &fake).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(*fake.asked_for_keys.lock().unwrap(), 1);
    let provider = desk.oidc.clone().unwrap();
    provider.known.lock().await.as_mut().unwrap().at -= AGAIN;
    assert_eq!(sign_in(&desk, &fake).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(*fake.asked_for_keys.lock().unwrap(), 2);
    assert_eq!(sign_in(&desk, &fake).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(*fake.asked_for_keys.lock().unwrap(), 2);
}

#[tokio::test]
async fn a_locked_account_stays_out_and_a_provider_that_is_away_is_said() {
    let fake = Fake::start().await;
    let (_dir, desk) = with(&fake, None).await;
    assert_eq!(sign_in(&desk, &fake).await.status(), StatusCode::SEE_OTHER);
    let account = desk.registry.account_named("erika.musterfrau").await.unwrap().unwrap();
    let lock = AccountChange { locked: Some(true), ..AccountChange::default() };
    desk.registry.change_account(&Who::command_line(), account.id, &lock, None, false).await.unwrap();
    let response = sign_in(&desk, &fake).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(cookie(&response, "pvnrw").is_none() && text(response).await.contains("gesperrt"));
    let mut config = (*desk.config).clone();
    // Nobody listens there.
    config.oidc.as_mut().unwrap().issuer = "http://127.0.0.1:1/".to_owned();
    let Desk { registry, site, indexer, portals, fetcher, .. } = desk;
    let desk = Desk::new(registry, site, indexer, portals, Arc::new(config), fetcher).unwrap();
    let response = get_page(&desk, "/anbindung/anmelden/anbieter", None).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(text(response).await.contains("antwortet zurzeit nicht"));
}
