//! What a page of ours says of itself: whether search engines may list it, which address is its right one, and a hash of
//! all that can be seen of it.
//!
//! The lists are made from the pages themselves, so that they cannot say anything else than those.

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use tower::ServiceExt;
use url::Url;
use xxhash_rust::xxh3::Xxh3Default;

/// Bytes of a page of ours that are read.
const MAX_BYTES: usize = 4 << 20;

/// What came of asking for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A page that may be listed: its path, and the hash of what it says.
    Listable {
        /// Path below the public address.
        path: String,
        /// Never 0.
        hash: u64,
    },
    /// A page that is none to list, or none at all.
    Other,
}

/// We could not answer ourselves.
#[derive(Debug, thiserror::Error)]
#[error("our own page answers {0}")]
pub struct OwnFault(StatusCode);

/// Asks our own pages, without a network.
#[derive(Debug, Clone)]
pub struct Asker {
    pages: Router,
    base: Url,
}

impl Asker {
    /// Pages that stand below `base` outside.
    pub fn new(pages: Router, base: Url) -> Self {
        Self { pages, base }
    }

    /// What the page at `path` says of itself; one redirect to another path of ours is followed.
    pub async fn see(&self, path: &str) -> Result<Seen, OwnFault> {
        let mut path = path.to_owned();
        for _ in 0..2 {
            let response = self.ask(&path).await?;
            let status = response.status();
            if status.is_server_error() {
                return Err(OwnFault(status));
            }
            if status.is_redirection() {
                let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
                match to.filter(|to| to.starts_with('/') && !to.starts_with("//")) {
                    Some(to) => path = to.to_owned(),
                    None => return Ok(Seen::Other),
                }
                continue;
            }
            if status != StatusCode::OK {
                return Ok(Seen::Other);
            }
            let (parts, body) = response.into_parts();
            let bytes = Limited::new(body, MAX_BYTES).collect().await.map_err(|_| OwnFault(StatusCode::OK))?.to_bytes();
            return Ok(self.read(path, &parts.headers, &String::from_utf8_lossy(&bytes)));
        }
        Ok(Seen::Other)
    }

    async fn ask(&self, path: &str) -> Result<Response, OwnFault> {
        let request = Request::get(path).body(Body::empty()).map_err(|_| OwnFault(StatusCode::BAD_REQUEST))?;
        match self.pages.clone().oneshot(request).await {
            Ok(response) => Ok(response),
            Err(never) => match never {},
        }
    }

    fn read(&self, path: String, headers: &HeaderMap, html: &str) -> Seen {
        let of_head = html.split("</head>").next().unwrap_or_default();
        let not_to_list = headers.get("x-robots-tag").is_some() || of_head.contains("<meta name=\"robots\"");
        let canonical = attribute(of_head, "<link rel=\"canonical\" href=\"").map(unescaped);
        let own = self.base.join(&path).ok().map(String::from);
        if not_to_list || canonical.is_none() || canonical != own {
            return Seen::Other;
        }
        Seen::Listable { hash: hash_of(html), path }
    }
}

/// The value of the first attribute that `begins` so.
fn attribute<'a>(html: &'a str, begins: &str) -> Option<&'a str> {
    html.split_once(begins)?.1.split('"').next()
}

/// What our templates write for the signs of HTML.
fn unescaped(text: &str) -> String {
    let mut text = text.to_owned();
    for (entity, sign) in [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")] {
        text = text.replace(entity, sign);
    }
    text
}

/// Of the words of a page and where its links lead: title and `<main>`, without the frame around it and without markup.
fn hash_of(html: &str) -> u64 {
    let mut hash = Xxh3Default::new();
    let title = html.split_once("<title>").and_then(|(_, rest)| rest.split("</title>").next()).unwrap_or_default();
    hash.update(title.as_bytes());
    let main =
        html.split_once("<main").map_or("", |(_, rest)| rest.rsplit_once("</main>").map_or(rest, |(main, _)| main));
    let mut rest = main;
    while let Some((text, tail)) = rest.split_once('<') {
        words(&mut hash, text);
        let (tag, after) = tail.split_once('>').unwrap_or((tail, ""));
        if let Some(target) = attribute(tag, "href=\"") {
            words(&mut hash, target);
        }
        rest = after;
    }
    words(&mut hash, rest);
    // 0 stands for a page that is gone.
    hash.digest().max(1)
}

fn words(hash: &mut Xxh3Default, text: &str) {
    for word in text.split_ascii_whitespace() {
        hash.update(word.as_bytes());
        hash.update(b" ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<html><head><title>Hund – Portal</title><link rel=\"canonical\" href=\"https://p.example/a?x=1&#38;y=2\">\
        <link rel=\"stylesheet\" href=\"/s.css?v=1\"></head><body><header>Kopf</header><main id=\"inhalt\"><h1>Hund</h1>\
        <p>Melden  Sie <a href=\"/b\">ihn</a> an.</p></main><footer>Fuß</footer></body></html>";

    fn read(html: &str, path: &str, headers: HeaderMap) -> Seen {
        Asker::new(Router::new(), "https://p.example/".parse().unwrap()).read(path.to_owned(), &headers, html)
    }

    #[test]
    fn a_page_is_listed_where_it_calls_itself_the_right_one() {
        assert!(matches!(read(PAGE, "/a?x=1&y=2", HeaderMap::new()), Seen::Listable { .. }));
        assert_eq!(read(PAGE, "/a", HeaderMap::new()), Seen::Other);
        let hidden = PAGE.replace("<title>", "<meta name=\"robots\" content=\"noindex\"><title>");
        assert_eq!(read(&hidden, "/a?x=1&y=2", HeaderMap::new()), Seen::Other);
        let tag = HeaderMap::from_iter([("x-robots-tag".parse().unwrap(), "noindex".parse().unwrap())]);
        assert_eq!(read(PAGE, "/a?x=1&y=2", tag), Seen::Other);
    }

    #[test]
    fn the_hash_moves_with_what_can_be_seen_and_nothing_else() {
        for same in
            [("Kopf", "Anderer Kopf"), ("v=1", "v=2"), ("Melden  Sie", "Melden\n  Sie"), ("<p>", "<p class=\"x\">")]
        {
            assert_eq!(hash_of(PAGE), hash_of(&PAGE.replace(same.0, same.1)), "{same:?}");
        }
        for other in [("Melden", "Meldet"), ("\"/b\"", "\"/c\""), ("Hund –", "Katze –")] {
            assert_ne!(hash_of(PAGE), hash_of(&PAGE.replace(other.0, other.1)), "{other:?}");
        }
    }
}
