//! The form that the tables of cases have in common.

/// Stands in bytes for the path of a case; no case sends this byte itself.
pub(super) const PATH: u8 = 0xfe;

/// Every case of `table`: its name, the words behind that, and its lines, once for each value.
pub(super) fn cases_of(table: &str) -> Vec<(String, String, Vec<String>)> {
    let mut cases = Vec::new();
    for block in table.split("\n[").skip(1) {
        let (head, lines) = block.split_once('\n').unwrap();
        let (id, words) = head.split_once("] ").unwrap();
        let (words, values) = match words.split_once(" each ") {
            Some((words, values)) => (words, values.split("||").map(|value| value.trim().to_owned()).collect()),
            None => (words, vec![String::new()]),
        };
        for (at, value) in values.iter().enumerate() {
            let lines = lines.lines().map(|line| line.replace('$', value)).collect();
            cases.push((id.replace('$', &at.to_string()), words.replace('$', value), lines));
        }
    }
    let names: std::collections::HashSet<_> = cases.iter().map(|(id, ..)| id).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    cases
}

/// The bytes of a line: with CR LF, but for one that ends with `\`.
pub(super) fn line_bytes(line: &str) -> Vec<u8> {
    match line {
        "~" => b"\r\n".to_vec(),
        _ => match line.strip_suffix('\\') {
            Some(open) => unescaped(&repeated(open)),
            None => [unescaped(&repeated(line)), b"\r\n".to_vec()].concat(),
        },
    }
}

/// `{9}` is nine signs, `{9 A: b}` nine lines.
pub(super) fn repeated(line: &str) -> String {
    let Some((before, rest)) = line.split_once('{') else { return line.to_owned() };
    let Some((inside, after)) = rest.split_once('}') else { return line.to_owned() };
    let (count, what) = inside.split_once(' ').unwrap_or((inside, ""));
    let Ok(count) = count.parse::<usize>() else { return line.to_owned() };
    let many = if what.is_empty() { "x".repeat(count) } else { vec![what; count].join("\\r\\n") };
    format!("{before}{many}{after}")
}

/// `\r`, `\n`, `\t`, `\0` and `\xHH` as the bytes they stand for.
pub(super) fn unescaped(text: &str) -> Vec<u8> {
    let (mut bytes, mut signs) = (Vec::new(), text.chars());
    while let Some(sign) = signs.next() {
        if sign != '\\' {
            bytes.extend(with_path(&sign.to_string()));
            continue;
        }
        bytes.push(match signs.next().unwrap() {
            'r' => b'\r',
            'n' => b'\n',
            't' => b'\t',
            '0' => 0,
            'x' => u8::from_str_radix(&signs.by_ref().take(2).collect::<String>(), 16).unwrap(),
            other => panic!("unknown escape \\{other} in {text}"),
        });
    }
    bytes
}

/// The bytes of `text`, with `PATH` in the place of `@`.
pub(super) fn with_path(text: &str) -> Vec<u8> {
    text.bytes().map(|byte| if byte == b'@' { PATH } else { byte }).collect()
}
