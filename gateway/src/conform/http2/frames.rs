//! Frames and blocks of fields as bytes; what may not be written can be written, too.

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) const ACK: u8 = 1;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
pub(super) const PADDED: u8 = 8;
pub(super) const PRIORITY: u8 = 0x20;

pub(super) const PROTOCOL_ERROR: u32 = 1;
pub(super) const FLOW_CONTROL_ERROR: u32 = 3;
pub(super) const STREAM_CLOSED: u32 = 5;
pub(super) const FRAME_SIZE_ERROR: u32 = 6;
pub(super) const REFUSED_STREAM: u32 = 7;
pub(super) const COMPRESSION_ERROR: u32 = 9;

/// `:method GET`, `:scheme http`, `:path /`, `:authority a`.
pub(super) const GET: &[u8] = &[0x82, 0x86, 0x84, 0x01, 1, b'a'];

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags];
    [&head[..], &stream.to_be_bytes(), payload].concat()
}

pub(super) fn data(flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    frame(0, flags, stream, payload)
}

pub(super) fn headers(flags: u8, stream: u32, block: &[u8]) -> Vec<u8> {
    frame(1, flags, stream, block)
}

/// A whole request without a body.
pub(super) fn request(stream: u32, block: &[u8]) -> Vec<u8> {
    headers(END_HEADERS | END_STREAM, stream, block)
}

/// The head of a request whose body follows.
pub(super) fn begin(stream: u32, block: &[u8]) -> Vec<u8> {
    headers(END_HEADERS, stream, block)
}

pub(super) fn priority(stream: u32, depends: u32, weight: u8) -> Vec<u8> {
    frame(2, 0, stream, &[&depends.to_be_bytes()[..], &[weight]].concat())
}

pub(super) fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(3, 0, stream, &code.to_be_bytes())
}

pub(super) fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> =
        values.iter().flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()).collect();
    frame(4, 0, 0, &payload)
}

pub(super) fn ping(flags: u8, bytes: &[u8]) -> Vec<u8> {
    frame(6, flags, 0, bytes)
}

pub(super) fn goaway(stream: u32, code: u32) -> Vec<u8> {
    frame(7, 0, stream, &[0_u32.to_be_bytes(), code.to_be_bytes()].concat())
}

pub(super) fn window(stream: u32, by: u32) -> Vec<u8> {
    frame(8, 0, stream, &by.to_be_bytes())
}

pub(super) fn continuation(flags: u8, stream: u32, block: &[u8]) -> Vec<u8> {
    frame(9, flags, stream, block)
}

fn text(text: &[u8]) -> Vec<u8> {
    // An integer with a prefix of seven bits (RFC 7541, section 5.1).
    let mut bytes = Vec::new();
    match u8::try_from(text.len()).ok().filter(|length| *length < 127) {
        Some(length) => bytes.push(length),
        None => {
            bytes.push(127);
            let mut left = text.len() - 127;
            while left >= 128 {
                bytes.push(u8::try_from(left % 128).unwrap() | 128);
                left /= 128;
            }
            bytes.push(u8::try_from(left).unwrap());
        }
    }
    [&bytes, text].concat()
}

/// A field that is not indexed.
pub(super) fn field(name: &[u8], value: &[u8]) -> Vec<u8> {
    [&[0][..], &text(name), &text(value)].concat()
}

/// A block of fields that are not indexed.
pub(super) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| field(name.as_bytes(), value.as_bytes())).collect()
}

/// `GET` with further fields.
pub(super) fn get_with(fields: &[(&str, &str)]) -> Vec<u8> {
    [GET, &block(fields)].concat()
}

/// POST to what counts the bytes of a body.
pub(super) fn post_with(fields: &[(&str, &str)]) -> Vec<u8> {
    [&block(&[(":method", "POST"), (":scheme", "http"), (":path", "/count"), (":authority", "a")]), &block(fields)[..]]
        .concat()
}

/// The status of a block that begins with it, as a server writes it on a fresh connection; 0 when it cannot be read.
pub(super) fn status(block: &[u8]) -> u16 {
    // Updates of the table's size may stand first.
    let block = &block[block.iter().take_while(|byte| **byte & 0xe0 == 0x20).count()..];
    match block {
        [indexed @ 0x88..=0x8e, ..] => [200, 204, 206, 304, 400, 404, 500][usize::from(indexed - 0x88)],
        [0x48 | 0x08, 3, digits @ ..] => digits[..3].iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')),
        [0x48 | 0x08, length, coded @ ..] if length & 0x80 != 0 => huffman_digits(coded),
        _ => 0,
    }
}

/// Three digits in the code of RFC 7541, appendix B: 0 to 2 have five bits, the others six.
fn huffman_digits(coded: &[u8]) -> u16 {
    let bits = coded.iter().take(3).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
    let (mut left, mut status) = (8 * coded.len().min(3), 0);
    for _ in 0..3 {
        let five = bits >> (left - 5) & 0x1f;
        let (digit, used) = if five < 3 { (five, 5) } else { ((bits >> (left - 6) & 0x3f) - 0x16, 6) };
        status = status * 10 + digit;
        left -= used;
    }
    u16::try_from(status).unwrap_or(0)
}
