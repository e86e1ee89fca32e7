//! Every form of list, and lists that mean harm.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn base() -> Url {
    Url::parse("https://stadt.example/karten/sitemap.xml").unwrap()
}

fn pages(text: &str) -> Vec<String> {
    let sitemap = read(text.as_bytes(), &base());
    assert_eq!(sitemap.findings, [], "{text}");
    sitemap.pages.into_iter().map(|listed| listed.url.to_string()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const URLSET: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" xmlns:image=\"urn:bild\" xmlns:x=\"urn:x\">\n\
    <url><loc> https://stadt.example/a?x=1&amp;y=2 </loc><lastmod>2026-01-31</lastmod>\
    <image:image><image:loc>https://stadt.example/bild.png</image:loc></image:image></url>\n\
    <url><loc><![CDATA[https://stadt.example/b#teil]]></loc><x:link rel=\"alternate\" href=\"/en\"/></url>\n</urlset>";

#[test]
fn a_urlset_names_pages_and_when_they_changed() {
    let sitemap = read(URLSET.as_bytes(), &base());
    let urls: Vec<_> = sitemap.pages.iter().map(|listed| listed.url.as_str()).collect();
    assert_eq!(urls, ["https://stadt.example/a?x=1&y=2", "https://stadt.example/b"]);
    assert_eq!(sitemap.pages.first().unwrap().changed, Some("2026-01-31T00:00:00Z".parse().unwrap()));
    assert_eq!(sitemap.pages.last().unwrap().changed, None);
    assert_eq!(read(&gzip(URLSET.as_bytes()), &base()), sitemap);
}

#[test]
fn an_index_names_further_lists() {
    let index = "<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"><sitemap><loc>s1.xml.gz</loc>\
                 <lastmod>2026-02</lastmod></sitemap><sitemap><loc>/s2.xml</loc></sitemap></sitemapindex>";
    let sitemap = read(index.as_bytes(), &base());
    let urls: Vec<_> = sitemap.sitemaps.iter().map(|listed| listed.url.as_str()).collect();
    assert_eq!(urls, ["https://stadt.example/karten/s1.xml.gz", "https://stadt.example/s2.xml"]);
    assert_eq!((sitemap.pages, sitemap.findings), (vec![], vec![]));
}

#[test]
fn text_rss_and_atom_name_pages_too() {
    let text = "\u{feff}https://stadt.example/a\r\n\nhttps://stadt.example/b\nkeine Adresse\n";
    assert_eq!(pages(text), ["https://stadt.example/a", "https://stadt.example/b"]);
    let rss = "<rss version=\"2.0\"><channel><title>N</title><link>https://stadt.example/</link>\
               <item><title>A</title><link>https://stadt.example/a</link><pubDate>Sat, 31 Jan 2026 12:00:00 +0100\
               </pubDate></item><item><guid>x</guid></item></channel></rss>";
    assert_eq!(pages(rss), ["https://stadt.example/a"]);
    let changed = read(rss.as_bytes(), &base()).pages.first().unwrap().changed;
    assert_eq!(changed, Some("2026-01-31T11:00:00Z".parse().unwrap()));
    let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><link href=\"https://stadt.example/\"/><entry>\
                <link rel=\"self\" href=\"/selbst\"/><link href=\"/a\"/><link rel=\"alternate\" href=\"/a-en\"/>\
                <updated>2026-01-31T12:00:00+01:00</updated></entry></feed>";
    assert_eq!(pages(atom), ["https://stadt.example/a"]);
}

#[test]
fn a_list_that_breaks_off_is_used_as_far_as_it_goes() {
    let cut = URLSET.get(..URLSET.len() - 60).unwrap();
    let sitemap = read(cut.as_bytes(), &base());
    assert_eq!(sitemap.pages.len(), 1);
    assert_eq!(sitemap.findings.first().map(|finding| finding.rule), Some(Rule::SitemapUnreadable));
    let packed = gzip(URLSET.as_bytes());
    let sitemap = read(packed.get(..packed.len() / 2).unwrap(), &base());
    assert_eq!(sitemap.findings.first().map(|finding| finding.rule), Some(Rule::SitemapUnreadable));
    let html = read(b"<html><body><p>Hier ist nichts.</p></body></html>", &base());
    assert_eq!(html.findings.first().map(|finding| finding.rule), Some(Rule::SitemapUnreadable));
    assert_eq!(read(b"", &base()), Sitemap::default());
}

#[test]
fn a_bomb_is_unpacked_no_further_than_a_hundredfold() {
    for start in ["<urlset><url><loc>https://stadt.example/a</loc></url>", "https://stadt.example/a\n"] {
        let mut text = start.as_bytes().to_vec();
        text.resize(8 << 20, b'\n');
        let packed = gzip(&text);
        assert!(packed.len() < 10_000, "{}", packed.len());
        let sitemap = read(&packed, &base());
        assert_eq!(sitemap.pages.len(), 1);
        assert_eq!(sitemap.findings.first().map(|finding| finding.rule), Some(Rule::SitemapUnreadable), "{start}");
    }
}

#[test]
fn a_million_links_are_cut_to_fifty_thousand() {
    let text: String = (0..1_000_000).map(|n| format!("https://stadt.example/{n}\n")).collect();
    let sitemap = read(text.as_bytes(), &base());
    assert_eq!(sitemap.pages.len(), MAX_LINKS);
    assert_eq!(sitemap.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), [Rule::SitemapLimit]);
}

#[test]
fn what_is_no_web_address_is_left_out() {
    let text = "<urlset><url><loc>javascript:alert(1)</loc></url><url><loc>ftp://stadt.example/a</loc></url>\
                <url><loc></loc></url></urlset>";
    assert_eq!(pages(text), Vec::<String>::new());
    let long = format!("<urlset><url><loc>https://stadt.example/{}</loc></url></urlset>", "a".repeat(4_000));
    assert_eq!(pages(&long), Vec::<String>::new());
}
