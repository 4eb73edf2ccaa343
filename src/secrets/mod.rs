//! The master key, sealing and opening, and the text of virtual keys.
