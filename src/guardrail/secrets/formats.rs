//! Keys that say by their first letters whose they are.

use super::is_random;
use crate::guardrail::rule::{Hit, Rule, Trigger};
use crate::guardrail::view::{View, alnum, apart};

pub(super) const RULES: [Rule; 1] =
    [Rule { label: "API_KEY", trigger: Trigger::Texts(&BEGINS), find: key, tail: None }];

/// What a key is made of.
#[derive(Clone, Copy)]
enum Of {
    /// Letters, digits, `-`, `_`.
    Url,
    /// Letters and digits.
    Letters,
    /// Capitals and digits.
    Capitals,
    /// Hexadecimal digits.
    Hex,
    /// Letters, digits, `-`, `_`, `.`, `/`, `+`, `=`.
    Any,
}

impl Of {
    fn has(self, byte: u8) -> bool {
        match self {
            Of::Url => alnum(byte) || matches!(byte, b'-' | b'_'),
            Of::Letters => alnum(byte),
            Of::Capitals => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Of::Hex => byte.is_ascii_hexdigit(),
            Of::Any => alnum(byte) || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'+' | b'='),
        }
    }
}

/// How a key begins, what follows, and how much of it at least.
type Format = (&'static str, Of, usize);

const FORMATS: [Format; 79] = [
    ("sk-ant-", Of::Url, 20),
    ("sk-proj-", Of::Url, 20),
    ("sk-svcacct-", Of::Url, 20),
    ("sk-admin-", Of::Url, 20),
    ("sk-or-v1-", Of::Hex, 32),
    ("sk-osai-", Of::Url, 24),
    ("sk-lf-", Of::Url, 30),
    ("sk-", Of::Letters, 20),
    ("gsk_", Of::Letters, 30),
    ("xai-", Of::Letters, 40),
    ("hf_", Of::Letters, 30),
    ("api_org_", Of::Letters, 30),
    ("r8_", Of::Letters, 30),
    ("pplx-", Of::Letters, 32),
    ("fw_", Of::Letters, 22),
    ("nvapi-", Of::Url, 40),
    ("tgp_v1_", Of::Url, 30),
    ("csk-", Of::Letters, 32),
    ("AIza", Of::Url, 35),
    ("ya29.", Of::Url, 30),
    ("GOCSPX-", Of::Url, 24),
    ("AKIA", Of::Capitals, 16),
    ("ASIA", Of::Capitals, 16),
    ("ABSK", Of::Any, 40),
    ("ghp_", Of::Letters, 30),
    ("gho_", Of::Letters, 30),
    ("ghu_", Of::Letters, 30),
    ("ghs_", Of::Letters, 30),
    ("ghr_", Of::Letters, 30),
    ("github_pat_", Of::Url, 40),
    ("glpat-", Of::Url, 20),
    ("gldt-", Of::Url, 20),
    ("glrt-", Of::Url, 20),
    ("xoxb-", Of::Url, 40),
    ("xoxp-", Of::Url, 40),
    ("xoxa-", Of::Url, 40),
    ("xoxr-", Of::Url, 40),
    ("xoxs-", Of::Url, 40),
    ("xoxe.", Of::Any, 30),
    ("xapp-", Of::Url, 30),
    ("sk_live_", Of::Letters, 20),
    ("sk_test_", Of::Letters, 20),
    ("rk_live_", Of::Letters, 20),
    ("rk_test_", Of::Letters, 20),
    ("whsec_", Of::Any, 24),
    ("sq0atp-", Of::Url, 20),
    ("sq0csp-", Of::Url, 40),
    ("EAAA", Of::Url, 56),
    ("SG.", Of::Any, 60),
    ("key-", Of::Hex, 32),
    ("shpat_", Of::Hex, 32),
    ("shpss_", Of::Hex, 32),
    ("shpca_", Of::Hex, 32),
    ("npm_", Of::Letters, 30),
    ("pypi-", Of::Url, 50),
    ("rubygems_", Of::Hex, 40),
    ("dop_v1_", Of::Hex, 60),
    ("doo_v1_", Of::Hex, 60),
    ("dckr_pat_", Of::Url, 24),
    ("lin_api_", Of::Letters, 30),
    ("ntn_", Of::Letters, 40),
    ("secret_", Of::Letters, 40),
    ("sbp_", Of::Hex, 40),
    ("figd_", Of::Url, 36),
    ("PMAK-", Of::Url, 50),
    ("NRAK-", Of::Capitals, 26),
    ("glsa_", Of::Url, 36),
    ("glc_", Of::Any, 32),
    ("hvs.", Of::Url, 24),
    ("hvb.", Of::Url, 24),
    ("pat-na1-", Of::Url, 32),
    ("pat-eu1-", Of::Url, 32),
    ("pul-", Of::Hex, 40),
    ("atlasv1.", Of::Url, 60),
    ("ATATT3", Of::Any, 60),
    ("CFPAT-", Of::Url, 40),
    ("tfp_", Of::Letters, 40),
    ("phc_", Of::Letters, 40),
    ("vercel_blob_rw_", Of::Url, 30),
];

const BEGINS: [&str; FORMATS.len()] = begins();

const fn begins() -> [&'static str; FORMATS.len()] {
    let mut all = [""; FORMATS.len()];
    let mut place = 0;
    while place < FORMATS.len() {
        all[place] = FORMATS[place].0;
        place += 1;
    }
    all
}

fn key(view: &View<'_>, at: usize) -> Option<Hit> {
    if !apart(view.before(at)) {
        return None;
    }
    let fits = |format: &&Format| view.slice(at..at + format.0.len()) == format.0.as_bytes();
    let (begin, of, least) = FORMATS.iter().filter(fits).max_by_key(|format| format.0.len())?;
    let inside = at + begin.len();
    let end = view.run(inside, *least, |byte| of.has(byte));
    if end - inside < *least || !is_random(view.slice(inside..end)) {
        return None;
    }
    Hit::open(
        at..end,
        match of {
            Of::Any => any,
            _ => rest,
        },
    )
}

fn rest(view: &View<'_>, at: usize) -> usize {
    view.run(at, usize::MAX, |byte| Of::Url.has(byte))
}

fn any(view: &View<'_>, at: usize) -> usize {
    view.run(at, usize::MAX, |byte| Of::Any.has(byte))
}
