//! What a conformance suite would ask: cases as data, run over real sockets against a gateway and portals of bytes.
//!
//! `framing_in` is what clients send, `framing_out` what portals answer, `http2` the server for HTTP/2; each judges by
//! a reader of its own that takes nothing but one clean form. For tests only.

mod framing_in;
mod framing_out;
mod http2;
mod reading;
mod table;
