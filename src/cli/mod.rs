//! Words in, words out: the only place that prints.
