//! Pages as portals write them: the examples of the recommendations, and what goes wrong.

use super::*;
use graph::{Item, SCHEMA, Value};

fn page(html: &str) -> Page {
    let url = Url::parse("http://example.com/people/").unwrap();
    read_page(html.as_bytes(), &url, &Head::default())
}

/// The values of a property as text, of the first item of this type.
fn values(page: &Page, of: &str, property: &str) -> Vec<String> {
    let item = item(page, of);
    let values =
        item.properties.iter().find(|(name, _)| name == property || name.strip_prefix(SCHEMA) == Some(property));
    values.map(|(_, values)| values.iter().map(|value| value.as_str().to_owned()).collect()).unwrap_or_default()
}

#[track_caller]
fn item<'a>(page: &'a Page, of: &str) -> &'a Item {
    page.graph.items().iter().find(|item| item.is(of)).unwrap()
}

/// The examples of RDFa Lite 1.1 (W3C Recommendation), section 2, one after the other.
#[test]
fn the_examples_of_rdfa_lite_are_read_right() {
    // 2.1 vocab, typeof and property
    let read = page(
        "<p vocab=\"http://schema.org/\" typeof=\"Person\">My name is <span property=\"name\">Manu Sporny</span> and you can \
         give me a ring via <span property=\"telephone\">1-800-555-0199</span> or visit <a property=\"url\" \
         href=\"http://manu.sporny.org/\">my homepage</a>.</p>",
    );
    assert_eq!(values(&read, "Person", "name"), ["Manu Sporny"]);
    assert_eq!(values(&read, "Person", "telephone"), ["1-800-555-0199"]);
    assert_eq!(item(&read, "Person").values("url"), [Value::Link("http://manu.sporny.org/".into())]);
    assert!(item(&read, "Person").is_blank());
    // 2.2 resource
    let read = page(
        "<p vocab=\"http://schema.org/\" resource=\"#manu\" typeof=\"Person\">My name is <span property=\"name\">Manu Sporny\
         </span> and you can give me a ring via <span property=\"telephone\">1-800-555-0199</span>. <img property=\"image\" \
         src=\"http://manu.sporny.org/images/manu.png\" /></p>",
    );
    assert_eq!(item(&read, "Person").id, "http://example.com/people/#manu");
    assert_eq!(item(&read, "Person").values("image"), [Value::Link("http://manu.sporny.org/images/manu.png".into())]);
    // 2.2 prefix
    let read = page(
        "<p vocab=\"http://schema.org/\" prefix=\"ov: http://open.vocab.org/terms/\" resource=\"#manu\" typeof=\"Person\">\
         My name is <span property=\"name\">Manu Sporny</span> and you can give me a ring via <span property=\"telephone\">\
         1-800-555-0199</span>. <img property=\"image\" src=\"http://manu.sporny.org/images/manu.png\" /> My favorite animal \
         is the <span property=\"ov:preferredAnimal\">Liger</span>.</p>",
    );
    assert_eq!(values(&read, "Person", "http://open.vocab.org/terms/preferredAnimal"), ["Liger"]);
    assert_eq!(values(&read, "Person", "name"), ["Manu Sporny"]);
}

/// From RDFa Core 1.1, section 7.5, and HTML+RDFa: chains, several types, `content`, `datetime`, `about`.
#[test]
fn subjects_and_values_of_rdfa_are_found_as_the_processing_rules_say() {
    let read = page(
        "<div vocab=\"http://schema.org/\" typeof=\"Event\"><h1 property=\"name\">Konzert</h1><time property=\"startDate\" \
         datetime=\"2026-05-08T20:30\">8. Mai</time><div property=\"location\" typeof=\"Place MusicVenue\"><a \
         property=\"url\" href=\"/halle\"><span>Halle</span></a><div property=\"address\" typeof=\"PostalAddress\"><span \
         property=\"addressLocality\" content=\"Aachen\">AC</span></div></div><span property=\"performer\" \
         resource=\"#band\">Band</span></div><p vocab=\"http://schema.org/\" about=\"#band\" typeof=\"MusicGroup\"><span \
         property=\"name\">Die Band</span></p>",
    );
    assert_eq!(values(&read, "Event", "startDate"), ["2026-05-08T20:30"]);
    assert_eq!(values(&read, "Place", "url"), ["http://example.com/halle"]);
    assert_eq!(values(&read, "MusicVenue", "url"), ["http://example.com/halle"]);
    assert_eq!(values(&read, "PostalAddress", "addressLocality"), ["Aachen"]);
    let band = item(&read, "Event").values("performer").first().unwrap();
    assert_eq!(read.graph.get(band).unwrap().values("name").first().unwrap().as_str(), "Die Band");
    // `vocab` and prefixes end where they were declared; a property without either is none
    let read = page(
        "<div><p vocab=\"https://schema.org/\" typeof=Thing><b property=name>A</b></p><p property=name>B</p><p \
         typeof=\"schema:Person\"><b property=\"schema:name\">C</b><b property=\"_:x\">D</b><b vocab=\"\" property=name>E</b></p>",
    );
    assert_eq!(values(&read, "Thing", "name"), ["A"]);
    assert_eq!(values(&read, "Person", "name"), ["C"]);
}

/// The examples of WHATWG HTML, section 5.2.
#[test]
fn the_examples_of_microdata_are_read_right() {
    let read = page(
        "<div itemscope itemtype=\"https://schema.org/Product\"><span itemprop=\"name\">Panasonic White 60L</span><img \
         itemprop=image src=\"/p.jpg\"><data itemprop=\"productID\" value=\"9678AOU879\">The Instigator 2000</data><div \
         itemprop=\"aggregateRating\" itemscope itemtype=\"http://schema.org/AggregateRating\"><meter \
         itemprop=\"ratingValue\" min=0 value=3.5 max=5>Rated 3.5/5</meter><time itemprop=\"birthday\" \
         datetime=\"2009-05-10\">May 10th 2009</time></div></div>",
    );
    assert_eq!(values(&read, "Product", "name"), ["Panasonic White 60L"]);
    assert_eq!(values(&read, "Product", "image"), ["http://example.com/p.jpg"]);
    assert_eq!(values(&read, "Product", "productID"), ["9678AOU879"]);
    assert_eq!(values(&read, "AggregateRating", "ratingValue"), ["3.5"]);
    assert_eq!(values(&read, "AggregateRating", "birthday"), ["2009-05-10"]);
    // itemref
    let read = page(
        "<div itemscope itemtype=\"http://schema.org/Person\" id=\"amanda\" itemref=\"a b\"></div><p id=\"a\">Name: <span \
         itemprop=\"name\">Amanda</span></p><div id=\"b\" itemprop=\"band\" itemscope itemref=\"c\"></div><div id=\"c\"><p>\
         Band: <span itemprop=\"name\">Jazz Band</span></p><p>Size: <span itemprop=\"size\">12</span> players</p></div>",
    );
    assert_eq!(values(&read, "Person", "name"), ["Amanda"]);
    let band = item(&read, "Person").values("band").first().unwrap();
    let names: Vec<_> = read.graph.get(band).unwrap().properties.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["name", "size"]);
    // several values, and several names for one
    let read = page(
        "<div itemscope itemtype=http://schema.org/X><p itemprop=\"flavor\">Lemon</p><p itemprop=\"flavor color\">apricot</p>",
    );
    assert_eq!(values(&read, "X", "flavor"), ["Lemon", "apricot"]);
    assert_eq!(values(&read, "X", "color"), ["apricot"]);
}

#[test]
fn loops_of_items_end() {
    let read = page(
        "<div id=a itemscope itemtype=http://schema.org/X itemref=\"a b\"><i itemprop=x>1</i></div><div id=b itemprop=y \
         itemscope itemtype=http://schema.org/Y itemref=\"a c\"></div><div id=c itemprop=z itemscope itemref=b></div>",
    );
    assert_eq!(values(&read, "X", "x"), ["1"]);
    assert_eq!(read.graph.roots().len(), 1);
    let json = "<script type='application/ld+json'>{\"@context\":\"https://schema.org\",\"@id\":\"#a\",\"@type\":\
                \"GovernmentService\",\"name\":\"N\",\"provider\":{\"@id\":\"#b\"},\"isRelatedTo\":{\"@id\":\"#a\"}}</script>\
                <script type='application/ld+json'>{\"@context\":\"https://schema.org\",\"@id\":\"#b\",\"name\":\"Amt\",\
                \"location\":{\"@id\":\"#b\"},\"contactPoint\":{\"@id\":\"#a\"}}</script>";
    let read = page(json);
    let names: Vec<_> =
        read.descriptions.iter().flat_map(|one| &one.stellen).filter_map(|one| one.name.first()).collect();
    assert_eq!(names, ["Amt"]);
}

#[test]
fn json_ld_is_read_in_every_form_that_pages_use() {
    let block = |json: &str| page(&format!("<script type=\"application/LD+json; charset=utf-8\">{json}</script>"));
    for json in [
        "{\"@context\":\"http://schema.org/\",\"@type\":\"Person\",\"name\":\"A\"}",
        "[{\"@context\":{\"@vocab\":\"http://schema.org/\"},\"@type\":[\"Person\"],\"name\":[\"A\"]}]",
        "{\"@context\":\"https://schema.org\",\"@graph\":[{\"type\":\"Person\",\"name\":{\"@value\":\"A\",\"@language\":\"de\"}}]}",
        "{\"@context\":{\"s\":\"https://schema.org/\",\"heißt\":\"s:name\",\"art\":\"@type\"},\"art\":\"s:Person\",\"heißt\":\"A\"}",
        "<!-- {\"@context\":\"https://schema.org\",\"@type\":\"Person\",\"name\":{\"@list\":[\"A\"]}} -->",
        "//<![CDATA[\n{\"@type\":\"https://schema.org/Person\",\"schema:name\":\"A\"}\n//]]>",
    ] {
        let read = block(json);
        assert_eq!(read.findings, [], "{json}");
        assert_eq!(values(&read, "Person", "name"), ["A"], "{json}");
    }
    let read = block("{\"@context\":\"https://example.org/kontext.json\",\"@type\":\"Person\",\"name\":\"A\"}");
    assert_eq!(read.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), [Rule::JsonLdContext]);
    assert!(read.graph.items().iter().all(|item| item.types.is_empty() && item.properties.is_empty()));
    let read = block("{\"@context\":\"https://schema.org\",");
    assert_eq!(read.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), [Rule::JsonLdUnreadable]);
    let deep = format!("{}1{}", "{\"@context\":\"https://schema.org\",\"a\":".repeat(100_000), "}".repeat(100_000));
    assert_eq!(block(&deep).findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), [Rule::JsonLdUnreadable]);
    let within = format!("{}1{}", "{\"@context\":\"https://schema.org\",\"a\":".repeat(100), "}".repeat(100));
    assert!(block(&within).graph.items().len() <= 70);
}

const NOTE: &str = "<div vocab=https://schema.org/ typeof=GovernmentService><b property=name>Pass</b></div>";

#[test]
fn a_page_that_will_not_be_listed_is_not_taken() {
    let url = Url::parse("https://stadt.example/a").unwrap();
    for (html, tag, taken) in [
        ("", None, true),
        ("<meta name=robots content='index, follow'>", None, true),
        ("<meta name=ROBOTS content='NOINDEX'>", None, false),
        ("<meta name=robots content=none>", None, false),
        ("<meta name=portalverbund content=noindex>", None, false),
        ("<meta name=googlebot content=noindex>", None, true),
        ("", Some("noindex"), false),
        ("", Some("googlebot: noindex"), true),
        ("", Some("googlebot: noindex\nportalverbund: noindex, nofollow"), false),
        ("", Some("unavailable_after: 25 Jun 2030 15:00:00 PST"), true),
    ] {
        let head = Head { content_type: None, robots_tag: tag.map(str::to_owned) };
        let page = read_page(format!("{html}{NOTE}").as_bytes(), &url, &head);
        assert_eq!((page.noindex, page.descriptions.len()), (!taken, usize::from(taken)), "{html} {tag:?}");
        let said = page.findings.iter().any(|finding| finding.rule == Rule::WebNoindex);
        assert_eq!(said, !taken, "{html} {tag:?}");
    }
}

#[test]
fn addresses_are_relative_to_the_base_of_the_page() {
    let url = Url::parse("https://stadt.example/a/b").unwrap();
    let html = format!(
        "<base href=\"/c/\"><base href=\"/d/\"><link rel=\"x Canonical\" href=\"e#f\">{NOTE}<p vocab=https://schema.org/ \
                        typeof=Thing><a property=url href=\"g\">"
    );
    let page = read_page(html.as_bytes(), &url, &Head::default());
    assert_eq!(page.canonical.as_ref().map(Url::as_str), Some("https://stadt.example/c/e"));
    assert_eq!(values(&page, "Thing", "url"), ["https://stadt.example/c/g"]);
    assert_eq!(page.descriptions.first().unwrap().url.as_deref(), Some("https://stadt.example/c/e"));
}

#[test]
fn pages_in_other_encodings_are_read_by_what_they_declare() {
    let url = Url::parse("https://stadt.example/a").unwrap();
    let html = NOTE.replace("Pass", "Führerschein für Köln");
    let (latin, _, _) = encoding_rs::WINDOWS_1252.encode(&html);
    let head = Head { content_type: Some("text/html; charset=ISO-8859-1".to_owned()), robots_tag: None };
    let page = read_page(&latin, &url, &head);
    assert_eq!(page.descriptions.first().unwrap().bezeichnung.first(), Some("Führerschein für Köln"));
    assert_eq!(page.encoding, "windows-1252");
    let head = Head { content_type: Some("text/html; charset=utf-8".to_owned()), robots_tag: None };
    let page = read_page(&latin, &url, &head);
    assert!(page.findings.iter().any(|finding| finding.rule == Rule::WebEncoding));
}

#[test]
fn markup_without_a_leistung_is_said_where_one_was_meant() {
    let read = page("<p vocab=https://schema.org/ typeof=Service><b property=name>Pass</b></p>");
    assert!(read.findings.iter().any(|finding| finding.rule == Rule::WebNotUnderstood));
    let read = page(
        "<p vocab=https://schema.org/ typeof=NewsArticle><b property=name>Fest</b></p><meta property=og:title content=x>",
    );
    assert_eq!(read.findings, []);
    assert_eq!(page("<p>Nichts</p>").findings, []);
}

#[test]
fn hostile_pages_end() {
    let read = page(&format!("{NOTE}{}", "<div itemscope itemprop=x>".repeat(100_000)));
    assert_eq!(read.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), [Rule::WebPageTooMuch]);
    let many: String = (0..20_000)
        .map(|n| format!("<i itemscope itemid=\"#{n}\" itemtype=https://schema.org/X itemref=all></i>"))
        .collect();
    let all: String = (0..5_000).map(|n| format!("<b itemprop=p{n}>x</b>")).collect();
    let read = page(&format!("{many}<div id=all>{all}</div>"));
    assert!(read.graph.is_full());
    let names: String =
        (0..3_000).map(|n| format!("<div typeof=GovernmentService><b property=name>L{n}</b></div>")).collect();
    let read = page(&format!("<body vocab=https://schema.org/>{names}"));
    assert_eq!(read.descriptions.len(), profile::MAX_DESCRIPTIONS);
    assert!(read.findings.iter().any(|finding| finding.rule == Rule::WebLimit));
}

mod any_bytes {
    use proptest::prelude::*;

    use super::*;

    fn soup() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "<div ",
            "<p>",
            "</p>",
            "<b typeof=",
            "GovernmentService ",
            " vocab=https://schema.org/ ",
            "property=name ",
            "itemscope ",
            "itemprop=a ",
            "itemref='a b' ",
            "id=a ",
            "id=b ",
            ">",
            "</div>",
            "<table>",
            "<tr>",
            "<td>",
            "\"",
            "<script type='application/ld+json'>",
            "</script>",
            "{\"@id\":",
            "\"#a\"",
            "}",
            "[",
            "]",
            ",",
            "resource='#a' ",
            "<svg>",
            "<template>",
            "<!--",
            "-->",
            "<select>",
            "<option>",
            "ü",
            "&amp;",
            "content=x ",
            "prefix='a: b:' ",
        ]);
        prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_page_ends_the_program(bytes in prop::collection::vec(any::<u8>(), 0..400), soup in soup()) {
            let url = Url::parse("https://stadt.example/").unwrap();
            let head = Head { content_type: Some("text/html".into()), robots_tag: Some("x: y".into()) };
            read_page(&bytes, &url, &head);
            read_page(soup.as_bytes(), &url, &head);
            sitemap::read(&bytes, &url);
            sitemap::read(soup.as_bytes(), &url);
            robots::Robots::read(&bytes, &url).allows(&url);
        }
    }
}
