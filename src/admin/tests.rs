//! Tests of administrative acts.
