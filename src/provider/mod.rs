//! Where to send and how to sign. A vendor is data: one file in `builtin/`, one line in [`kind`]'s list.
//!
//! This module knows vendors, base URLs and signing headers, and the built-in [`sandbox`]. It knows no
//! registered provider, no wire format of a real vendor and no price.

mod auth;
mod base_url;
mod kind;
mod reference;
pub mod sandbox;
mod settings;
#[cfg(test)]
pub(crate) mod testing;

pub use auth::{AuthError, SignError, Signer, Unsigned, check_secret, default_headers, header};
pub use base_url::{BaseUrlError, base_url};
pub use kind::{Kind, Own, find, kinds};
pub use reference::reference;
pub use settings::{Setting, SettingError, Settings};
