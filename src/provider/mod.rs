//! Where to send and how to sign. A vendor is data: one file in `builtin/`.
