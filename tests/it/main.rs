//! Tests of the whole program, and of the tree it is made of.

mod tidy;
