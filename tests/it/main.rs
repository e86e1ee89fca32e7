//! Tests of the whole program, and of the tree it is made of.

mod tidy;
//! The whole system, one file per behaviour.

mod guard;
mod verbund;

/// The program under test: the product's own `main`, built with these tests.
const EXE: &str = env!("CARGO_BIN_EXE_portalverbund-under-test");
