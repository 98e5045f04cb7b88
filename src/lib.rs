//! allocgate: a change that makes a program allocate more must not merge unnoticed.
//!
//! Benchmark output of a baseline and a candidate goes in, a verdict comes out. Data flows one way:
//! bytes → records → samples → comparisons → report → exit code.
//!
//! | module | holds |
//! |---|---|

