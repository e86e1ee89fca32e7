//! Sign-in by OpenID Connect: code flow with PKCE, nonce and state, all bound to the browser that began.
//!
//! The crate `openidconnect` checks tokens; this room keeps what the provider says of itself, asks over our own client
//! (within `[egress]`), and decides whose account a subject is. Nothing is kept between the beginning and the return: the
//! browser holds a random secret, and state, nonce and PKCE verifier are made from it. A second factor is the provider's
//! business.

mod flow;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use config::secret::{Secret, SecretError};
use config::{OidcRole, clock};
use futures_util::future::BoxFuture;
use indexer::crawl::{AskError, Fetcher};
use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AsyncHttpClient, AuthType, AuthorizationCode, ClaimsVerificationError, Client, ClientId,
    ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, IdTokenClaims, IdTokenFields, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl,
    RequestTokenError, Scope, SignatureVerificationError, StandardErrorResponse, StandardTokenResponse,
    TokenResponse as _, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::secrets;
use super::who::Role;

pub(super) use flow::pages;

/// How long is believed what the provider says of itself, keys included.
const FRESH: Duration = Duration::from_secs(3_600);
/// A key that we do not know makes us ask for the keys again, but not more often than this.
const AGAIN: Duration = Duration::from_secs(10);
/// Bytes of an answer of the provider.
const MAX_BYTES: u64 = 1 << 20;
/// A token that was made longer ago is none that was made for this sign-in.
const OLDEST_TOKEN: SignedDuration = SignedDuration::from_mins(10);

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub(super) enum OidcError {
    /// The provider cannot be asked, or says something that is none of its answers.
    #[error("the provider of OpenID Connect does not answer as it should: {0}")]
    Provider(String),
    /// The return was not begun in this browser, or too long ago.
    #[error("the return does not belong to a beginning in this browser")]
    State,
    /// The provider refused: what it says, without its description.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// The token is not valid.
    #[error("the token is not valid: {0}")]
    Token(#[from] ClaimsVerificationError),
}

/// All claims beside those that the standard names.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Further {
    #[serde(flatten)]
    all: BTreeMap<String, serde_json::Value>,
}

impl AdditionalClaims for Further {}

type Claims = IdTokenClaims<Further, CoreGenderClaim>;
type Fields = IdTokenFields<
    Further,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type OurClient = Client<
    Further,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Who the provider says somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Somebody {
    issuer: String,
    subject: String,
    /// What they would like to be called.
    name: Option<String>,
    /// The role that the claims give; none where roles do not come from claims.
    role: Option<Role>,
}

/// What the browser holds from the beginning to the return: the time and a random secret.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Begun {
    text: String,
}

impl Begun {
    fn new(now: Timestamp) -> Result<Self, getrandom::Error> {
        Ok(Self { text: format!("{}.{}", now.as_second(), secrets::random()?) })
    }

    /// What came back from the browser; none when it is too old or none of ours.
    fn read(text: &str, now: Timestamp) -> Option<Self> {
        let (at, secret) = text.split_once('.')?;
        let at = Timestamp::from_second(at.parse().ok()?).ok()?;
        let age = now.duration_since(at);
        let fresh = age <= OLDEST_TOKEN && age >= SignedDuration::ZERO;
        (fresh && secret.len() == 43).then(|| Self { text: text.to_owned() })
    }

    fn state(&self) -> String {
        secrets::derived("oidc state", &self.text)
    }

    fn nonce(&self) -> Nonce {
        Nonce::new(secrets::derived("oidc nonce", &self.text))
    }

    fn verifier(&self) -> PkceCodeVerifier {
        PkceCodeVerifier::new(secrets::derived("oidc pkce", &self.text))
    }
}

/// A provider, and what is known of it.
pub(super) struct Provider {
    config: config::Oidc,
    secret: Option<Secret>,
    return_to: RedirectUrl,
    signed_out: PostLogoutRedirectUrl,
    asking: Asking,
    known: Mutex<Option<Known>>,
}

/// Asks over the client that also fetches from portals.
struct Asking(Arc<Fetcher>);

impl<'c> AsyncHttpClient<'c> for Asking {
    type Error = AskError;
    type Future = BoxFuture<'c, Result<HttpResponse, AskError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.0.ask(request, MAX_BYTES))
    }
}

#[derive(Clone)]
struct Known {
    metadata: Arc<ProviderMetadataWithLogout>,
    at: Instant,
}

impl Provider {
    /// The provider of a configuration, which is not asked before somebody signs in.
    pub(super) fn new(config: config::Oidc, public_url: &Url, fetcher: Arc<Fetcher>) -> Result<Self, SecretError> {
        let secret = config.client_secret_file.as_deref().map(Secret::read).transpose()?;
        let page = |path: &str| {
            let mut url = public_url.clone();
            url.set_path(path);
            url
        };
        let return_to = RedirectUrl::from_url(page("/anbindung/anmelden/zurueck"));
        let signed_out = PostLogoutRedirectUrl::from_url(page("/anbindung/abgemeldet"));
        Ok(Self { config, secret, return_to, signed_out, asking: Asking(fetcher), known: Mutex::new(None) })
    }

    /// What people call it.
    pub(super) fn name(&self) -> &str {
        &self.config.name
    }

    /// What the provider says of itself, asked for again after `older_than`.
    async fn metadata(&self, older_than: Duration) -> Result<Arc<ProviderMetadataWithLogout>, OidcError> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.at.elapsed() < older_than) {
            return Ok(Arc::clone(&known.metadata));
        }
        let issuer = IssuerUrl::new(self.config.issuer.clone());
        let issuer = issuer.map_err(|error| OidcError::Provider(error.to_string()))?;
        match ProviderMetadataWithLogout::discover_async(issuer, &self.asking).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *known = Some(Known { metadata: Arc::clone(&metadata), at: Instant::now() });
                Ok(metadata)
            }
            // Until it answers again, what it said last holds.
            Err(error) => match known.as_ref() {
                Some(known) => {
                    tracing::warn!(error = %chain(&error), "the provider of OpenID Connect cannot be asked anew");
                    Ok(Arc::clone(&known.metadata))
                }
                None => Err(OidcError::Provider(chain(&error))),
            },
        }
    }

    fn client(&self, metadata: &ProviderMetadataWithLogout) -> OurClient {
        let secret = self.secret.as_ref().map(|secret| ClientSecret::new(secret.expose().to_owned()));
        let public = secret.is_none();
        let id = ClientId::new(self.config.client_id.clone());
        let client = OurClient::from_provider_metadata(metadata.clone(), id, secret);
        let client = client.set_redirect_uri(self.return_to.clone());
        // Who has no secret names itself in the body.
        if public { client.set_auth_type(AuthType::RequestBody) } else { client }
    }

    /// Where the browser goes to sign in.
    async fn begin(&self, begun: &Begun) -> Result<Url, OidcError> {
        let metadata = self.metadata(FRESH).await?;
        let client = self.client(&metadata);
        let (state, nonce) = (begun.state(), begun.nonce());
        let mut request =
            client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, || CsrfToken::new(state), || nonce);
        for scope in &self.config.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&begun.verifier());
        Ok(request.set_pkce_challenge(challenge).url().0)
    }

    /// Exchanges the code of the return for a token, and says who that is.
    async fn finish(&self, begun: &Begun, code: String) -> Result<Somebody, OidcError> {
        let metadata = self.metadata(FRESH).await?;
        let client = self.client(&metadata);
        let exchange = client.exchange_code(AuthorizationCode::new(code));
        let exchange = exchange.map_err(|error| OidcError::Provider(error.to_string()))?;
        let answer = exchange.set_pkce_verifier(begun.verifier()).request_async(&self.asking).await;
        let answer = answer.map_err(|error| match error {
            RequestTokenError::ServerResponse(response) => OidcError::Refused(response.error().to_string()),
            // What could not be read may hold a token, and is not repeated.
            RequestTokenError::Parse(..) => OidcError::Provider("its answer to the code cannot be read".into()),
            other => OidcError::Provider(chain(&other)),
        })?;
        let token = answer.id_token().ok_or_else(|| OidcError::Provider("it gave no ID token".into()))?;
        let nonce = begun.nonce();
        let claims = match token.claims(&self.verifier(&client), &nonce) {
            Ok(claims) => claims,
            // It may have changed its keys since we asked.
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                let metadata = self.metadata(AGAIN).await?;
                let client = self.client(&metadata);
                token.claims(&self.verifier(&client), &nonce)?
            }
            Err(error) => return Err(error.into()),
        };
        let mut somebody = self.somebody(claims);
        if somebody.name.is_none() || !self.says_role(claims.additional_claims()) {
            self.ask_further(&client, &answer, claims, &mut somebody).await?;
        }
        Ok(somebody)
    }

    /// Whether claims say what role somebody has, where that is looked for.
    fn says_role(&self, further: &Further) -> bool {
        self.config.role_claim.as_ref().is_none_or(|claim| further.all.contains_key(claim))
    }

    /// Many providers do not put all claims into the token: the rest is asked for, where there is an address for it.
    async fn ask_further(
        &self,
        client: &OurClient,
        answer: &StandardTokenResponse<Fields, CoreTokenType>,
        claims: &Claims,
        somebody: &mut Somebody,
    ) -> Result<(), OidcError> {
        // It has to speak of the same subject; that is checked with the answer.
        let request = client.user_info(answer.access_token().clone(), Some(claims.subject().clone()));
        let Ok(request) = request else { return Ok(()) };
        let info: UserInfoClaims<Further, CoreGenderClaim> =
            request.request_async(&self.asking).await.map_err(|error| OidcError::Provider(chain(&error)))?;
        let name = info.preferred_username().map(|name| name.as_str().to_owned());
        somebody.name = somebody.name.take().or(name).or_else(|| info.email().map(|mail| mail.as_str().to_owned()));
        if let Some(claim) = &self.config.role_claim
            && !self.says_role(claims.additional_claims())
        {
            somebody.role = Some(self.role(info.additional_claims().all.get(claim)));
        }
        Ok(())
    }

    /// What a token has to be: of this issuer and for us alone, signed by a key of the issuer, made for this sign-in just
    /// now and not over; clocks may differ by `clock_skew_s`.
    fn verifier<'a>(&self, client: &'a OurClient) -> openidconnect::IdTokenVerifier<'a, CoreJsonWebKey> {
        let skew = SignedDuration::from_secs(self.config.clock_skew_s.into());
        let time = |at: Timestamp| chrono::DateTime::from_timestamp_millis(at.as_millisecond()).unwrap_or_default();
        let issued = move |at: chrono::DateTime<chrono::Utc>| {
            let now = clock::now();
            let (oldest, newest) = (time(now - OLDEST_TOKEN - skew), time(now + skew));
            if (oldest..=newest).contains(&at) { Ok(()) } else { Err("it was made at another time".to_owned()) }
        };
        client.id_token_verifier().set_time_fn(move || time(clock::now() - skew)).set_issue_time_verifier_fn(issued)
    }

    fn somebody(&self, claims: &Claims) -> Somebody {
        let name = claims.preferred_username().map(|name| name.as_str().to_owned());
        let mail = || claims.email().map(|mail| mail.as_str().to_owned());
        Somebody {
            issuer: claims.issuer().as_str().to_owned(),
            subject: claims.subject().as_str().to_owned(),
            name: name.or_else(mail),
            role: self.config.role_claim.as_deref().map(|claim| self.role(claims.additional_claims().all.get(claim))),
        }
    }

    /// The highest role that a claim gives; an editor's where it gives none.
    fn role(&self, claim: Option<&serde_json::Value>) -> Role {
        let values: Vec<&str> = match claim {
            Some(serde_json::Value::String(one)) => vec![one],
            Some(serde_json::Value::Array(several)) => several.iter().filter_map(|one| one.as_str()).collect(),
            _ => Vec::new(),
        };
        let roles = values.into_iter().filter_map(|value| self.config.roles.get(value)).map(|role| match role {
            OidcRole::Editor => Role::Editor,
            OidcRole::Provider => Role::Provider,
            OidcRole::Operator => Role::Operator,
        });
        roles.max().unwrap_or(Role::Editor)
    }

    /// Where somebody signs out at the provider as well, if it says so; it is not asked for that.
    pub(super) async fn sign_out(&self) -> Option<Url> {
        let known = self.known.lock().await.clone()?;
        let end = known.metadata.additional_metadata().end_session_endpoint.clone()?;
        let request = LogoutRequest::from(end).set_client_id(ClientId::new(self.config.client_id.clone()));
        Some(request.set_post_logout_redirect_uri(self.signed_out.clone()).http_get_url())
    }
}

/// An error with its causes on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests;
