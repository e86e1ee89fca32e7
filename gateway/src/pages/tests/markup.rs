//! A plain check that a page is sound: tags that close, ids that are one, links that lead somewhere, headings in order.

const VOID: [&str; 5] = ["meta", "link", "input", "br", "img"];

/// One tag of a page.
#[derive(Debug)]
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    closing: bool,
}

/// Panics with what is wrong.
#[track_caller]
pub fn check(html: &str) {
    assert!(html.starts_with("<!doctype html>"), "no doctype first");
    let tags = tags(html);
    let mut open: Vec<&str> = Vec::new();
    let mut ids: Vec<&str> = Vec::new();
    let mut targets: Vec<&str> = Vec::new();
    let mut level = 0;
    for tag in &tags {
        let name = tag.name.as_str();
        if tag.closing {
            assert_eq!(open.pop(), Some(name), "</{name}> closes another tag");
            continue;
        }
        if !VOID.contains(&name) {
            open.push(name);
        }
        for (attribute, value) in &tag.attributes {
            match attribute.as_str() {
                "id" => {
                    assert!(!ids.contains(&value.as_str()), "id {value} twice");
                    ids.push(value);
                }
                "for" | "aria-describedby" | "aria-labelledby" => targets.extend(value.split_whitespace()),
                "href" => {
                    if let Some(id) = value.strip_prefix('#') {
                        targets.push(id);
                    }
                    let known = ["#", "/", "tel:", "mailto:", "http://", "https://"];
                    assert!(known.iter().any(|start| value.starts_with(start)), "href {value}");
                }
                attribute => assert!(!attribute.starts_with("on") && attribute != "style", "{attribute} in {name}"),
            }
        }
        if let Some(of) = name.strip_prefix('h').and_then(|digit| digit.parse::<usize>().ok()) {
            assert!(of <= level + 1, "h{of} after h{level}");
            level = of;
        }
    }
    assert!(open.is_empty(), "open at the end: {open:?}");
    for target in targets {
        assert!(ids.contains(&target), "nothing is called {target}");
    }
    let count = |name: &str| tags.iter().filter(|tag| !tag.closing && tag.name == name).count();
    for name in ["html", "title", "main", "h1"] {
        assert_eq!(count(name), 1, "{name}");
    }
    // One script of ours at most, which stands in a file: none that somebody else wrote, and none in the page.
    let scripts: Vec<_> = tags.iter().filter(|tag| !tag.closing && tag.name == "script").collect();
    assert!(scripts.len() <= 1, "{scripts:?}");
    let ours = |(name, value): &(String, String)| name == "src" && value.starts_with("/static/");
    assert!(scripts.iter().all(|tag| tag.attributes.iter().any(ours)), "{scripts:?}");
    assert!(!html.contains("<script>") && html.matches("</script>").count() == scripts.len());
}

/// The tags in their order; panics on markup that is not written plainly.
#[track_caller]
fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = html.strip_prefix("<!doctype html>").unwrap();
    while let Some(at) = rest.find('<') {
        assert!(!rest.get(..at).unwrap().contains('>'), "a bare > before {}", rest.get(at..).unwrap());
        let end = rest.find('>').expect("every tag ends");
        let inside = rest.get(at + 1..end).unwrap();
        rest = rest.get(end + 1..).unwrap();
        let (closing, inside) = inside.strip_prefix('/').map_or((false, inside), |name| (true, name));
        let (name, mut more) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "tag {name}");
        let mut attributes = Vec::new();
        loop {
            more = more.trim_start();
            if more.is_empty() {
                break;
            }
            let Some((attribute, value)) = more.split_once("=\"").filter(|(name, _)| !name.contains(' ')) else {
                let (attribute, left) = more.split_once(' ').unwrap_or((more, ""));
                attributes.push((attribute.to_owned(), String::new()));
                more = left;
                continue;
            };
            let (value, left) = value.split_once('"').expect("every value ends");
            assert!(!value.contains('<'), "a bare < in {value}");
            attributes.push((attribute.to_owned(), value.to_owned()));
            more = left;
        }
        tags.push(Tag { name: name.to_owned(), attributes, closing });
    }
    tags
}
