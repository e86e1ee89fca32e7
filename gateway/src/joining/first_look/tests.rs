#![expect(clippy::disallowed_methods, reason = "servers of a test end with it")]

use std::collections::HashMap;

use config::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// A site that answers these paths, with a media type and a body each; its address.
async fn site(pages: &[(&'static str, &'static str, &str)]) -> Url {
    let pages: HashMap<&str, (&str, String)> =
        pages.iter().map(|(path, kind, body)| (*path, (*kind, (*body).to_owned()))).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let pages = pages.clone();
            tokio::spawn(async move {
                let (mut head, mut piece) = (Vec::new(), [0; 1024]);
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut piece).await {
                        Ok(0) | Err(_) => return,
                        Ok(read) => head.extend(&piece[..read]),
                    }
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let path = head.split(' ').nth(1).unwrap();
                let answer = match pages.get(path) {
                    Some((kind, body)) if kind.starts_with("to ") => {
                        let to = kind.trim_start_matches("to ");
                        format!(
                            "HTTP/1.1 302 X\r\nLocation: {to}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                            body.len()
                        )
                    }
                    Some((kind, body)) => format!(
                        "HTTP/1.1 200 X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                        body.len()
                    ),
                    None => "HTTP/1.1 404 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
                };
                stream.write_all(answer.as_bytes()).await.unwrap();
            });
        }
    });
    Url::parse(&address).unwrap()
}

async fn looked(address: &Url) -> FirstLook {
    let text = "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"http://localhost/\"\n\
                [store]\nurl = \"sqlite://x.db\"\n[index]\ndir = \"x\"\n[egress]\nallow = [\"127.0.0.0/8\"]\n";
    let config = Config::parse(std::path::Path::new("test"), text).unwrap();
    let ports = address.port().into_iter().collect();
    let rule = AddressRule { http: true, ports, egress: config.egress.rule() };
    look(&Fetcher::new(&config).unwrap(), &rule, address).await
}

const HTML: &str = "text/html; charset=utf-8";
const HERNE: &str = "<!doctype html><html><head><title>Start | Stadt Herne</title></head></html>";

#[tokio::test]
async fn an_index_is_found_beside_the_page_or_is_the_address() {
    let address = site(&[("/", HTML, HERNE), ("/xzufi/index.txt", "text/plain", "a.xml\nb.xml\n")]).await;
    let found = looked(&address).await;
    let index = address.join("/xzufi/index.txt").unwrap();
    assert_eq!(found.seen, Seen::Index { url: index.clone(), files: 2 });
    let wish = &found.wish;
    assert_eq!((wish.name.as_str(), wish.gebiet.as_str(), wish.id.as_str()), ("Stadt Herne", "Herne", "stadt-herne"));
    assert_eq!((wish.connector.as_str(), wish.source.as_str()), ("xzufi-index", index.as_str()));
    // The address of the index itself; the name still comes from the site's page.
    let found = looked(&index).await;
    assert_eq!((found.seen, found.wish.name.as_str()), (Seen::Index { url: index, files: 2 }, "Stadt Herne"));
}

#[tokio::test]
async fn without_an_index_a_list_of_pages_counts_and_then_nothing() {
    let address = site(&[("/", HTML, HERNE), ("/sitemap.xml", "application/xml", "<urlset/>")]).await;
    let found = looked(&address).await;
    assert_eq!(found.seen, Seen::Sitemap(address.join("/sitemap.xml").unwrap()));
    assert_eq!((found.wish.connector.as_str(), found.wish.source.as_str()), ("web", address.as_str()));
    // A page that answers everything with its start page has neither.
    let address = site(&[("/", HTML, HERNE), ("/index.txt", HTML, HERNE), ("/sitemap.xml", HTML, HERNE)]).await;
    let found = looked(&address).await;
    assert_eq!((found.seen, found.wish.connector.as_str()), (Seen::Page, "push"));
    // A text that is no index, and a list of pages of somebody else.
    let robots = "Sitemap: https://www.andere.example/sitemap.xml\n";
    let address =
        site(&[("/", HTML, HERNE), ("/index.txt", "text/plain", "hallo\n"), ("/robots.txt", "text/plain", robots)])
            .await;
    assert_eq!(looked(&address).await.seen, Seen::Page);
}

#[tokio::test]
async fn an_address_that_leads_away_is_not_followed() {
    let other = site(&[("/", HTML, HERNE)]).await;
    let to: &'static str = Box::leak(format!("to {other}").into_boxed_str());
    let address = site(&[("/", to, "")]).await;
    assert_eq!(looked(&address).await.seen, Seen::Elsewhere(other.to_string()));
}
