use connectors::registration::ConnectorKind;

use super::*;

fn rule() -> AddressRule {
    AddressRule::default()
}

#[track_caller]
fn hosts(typed: &str, expected: &[&str], faults: usize) {
    let mut found = Vec::new();
    let wish = Wish { hosts: typed.into(), ..Wish::default() };
    let hosts: Vec<String> = wish.hosts(&mut found).into_iter().map(String::from).collect();
    assert_eq!((hosts, found.len()), (expected.iter().map(|host| (*host).to_owned()).collect(), faults), "{typed:?}");
}

#[test]
fn hosts_are_taken_as_people_paste_them() {
    hosts("", &[], 0);
    hosts("a.example\r\nB.example, c.example;a.example", &["a.example", "b.example", "c.example"], 0);
    hosts("https://formulare.example/antrag?x=1", &["formulare.example"], 0);
    hosts("*.stadt.example", &["*.stadt.example"], 0);
    hosts("dienste.münster.example", &["dienste.xn--mnster-3ya.example"], 0);
    hosts("kein.example host!.example *", &["kein.example"], 2);
}

#[track_caller]
fn contact(phone: &str, email: &str, page: &str, expected: &[&str]) {
    let mut faults = Vec::new();
    let wish = Wish { phone: phone.into(), email: email.into(), page: page.into(), ..Wish::default() };
    wish.contact(&rule(), &mut faults);
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field).collect();
    assert_eq!(fields, expected, "{phone:?} {email:?} {page:?}");
}

#[test]
fn whom_to_ask_is_a_number_an_address_or_a_page() {
    contact("", "", "", &[]);
    contact("+49 2323 16-0", "rathaus@herne.example", "www.herne.example/kontakt", &[]);
    contact("ruf an", "rathaus", "http://herne.example", &["phone", "email", "page"]);
    contact("()", "a@b@c.example", "https://10.0.0.1/", &["phone", "email", "page"]);
    contact("", "a b@c.example", "", &["email"]);
}

#[track_caller]
fn connector(kind: &str, source: &str, every_h: &str, expected: Result<(&str, Option<u64>), &str>) {
    let mut faults = Vec::new();
    let wish = Wish {
        address: "https://www.herne.example/".into(),
        connector: kind.into(),
        source: source.into(),
        every_h: every_h.into(),
        ..Wish::default()
    };
    let read = wish.connector(&rule(), &mut faults);
    let shown = read.as_ref().map(|connector| (kind_of(connector), connector.every_s()));
    assert_eq!(shown.ok_or(faults.first().map_or("", |fault| fault.field)), expected, "{kind} {source} {every_h}");
}

#[test]
fn data_are_fetched_or_delivered() {
    let index = "https://www.herne.example/index.txt";
    connector("xzufi-index", index, "", Ok(("xzufi-index", Some(86_400))));
    connector("xzufi-index", index, "1", Ok(("xzufi-index", Some(3_600))));
    connector("xzufi-index", "", "", Err("source"));
    connector("xzufi-index", index, "0", Err("every_h"));
    connector("xzufi-index", index, "721", Err("every_h"));
    // A site begins at the one address where nothing else is said.
    connector("web", "", "24", Ok(("web", Some(86_400))));
    connector("push", "", "", Ok(("push", None)));
    connector("", "", "", Err("connector"));
    for kind in [ConnectorKind::XzufiFolder, ConnectorKind::Bereitstelldienst] {
        connector(kind.name(), index, "", Err("connector"));
    }
}

#[test]
fn a_name_is_one_line_that_reads_as_it_is_written() {
    assert_eq!(plain(" Stadt Herne ", 20), Ok("Stadt Herne"));
    assert_eq!(plain("Stadt\nHerne", 20), Err(PartFault::NotPlain));
    assert_eq!(plain("Stadt \u{202e}enreH", 20), Err(PartFault::NotPlain));
    assert_eq!(plain(&"ä".repeat(21), 20), Err(PartFault::TooLong(20)));
}
