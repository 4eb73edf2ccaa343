//! Every environment variable that the program reads, in one list, from which the reference page is made.
//!
//! The variables that hold provider keys (`OPENAI_API_KEY` ...) stand in the vendors' data files.

use std::env;

/// The home directory.
pub const HOME: &str = "OPTSCALE_AI_HOME";
/// The organisation that commands work on.
pub const ORG: &str = "OPTSCALE_AI_ORG";
/// The master key.
pub const MASTER_KEY: &str = "OPTSCALE_AI_MASTER_KEY";

/// Where `init` keeps a new master key.
pub const MASTER_KEY_SOURCE: &str = "OPTSCALE_AI_MASTER_KEY_SOURCE";

/// The pager for long lists.
pub const PAGER: &str = "OPTSCALE_AI_PAGER";

/// A variable, and what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvironmentVariable {
    /// Its name.
    pub name: &'static str,
    /// What it does, in sentences.
    pub help: &'static str,
}

/// Every variable, ours first.
pub const ENVIRONMENT: &[EnvironmentVariable] = &[
    EnvironmentVariable {
        name: HOME,
        help: "The directory that holds the database and the master key. The option --home goes before it; without \
               both it is the platform's data directory.",
    },
    EnvironmentVariable {
        name: ORG,
        help: "The organisation that a command works on. The option --org goes before it; without both it is the one \
               selected with `org use`.",
    },
    EnvironmentVariable {
        name: MASTER_KEY,
        help: "The master key that seals provider secrets: 32 bytes as base64 or as 64 hexadecimal digits. Without it \
               the file master.key in the home directory is read.",
    },
    EnvironmentVariable {
        name: MASTER_KEY_SOURCE,
        help: "Where a new master key is kept: `file` (the file master.key, the default) or `keyring` (the system's \
               keyring, in builds that have it). The option --master-key of `init` goes before it.",
    },
    EnvironmentVariable {
        name: PAGER,
        help: "The program that long lists go through on a terminal; PAGER where it is not set, else `less`, with FRX in \
               the variable LESS. Empty or `cat`, like the option --no-pager: none.",
    },
    EnvironmentVariable { name: "NO_COLOR", help: "Any value but the empty one turns colours off." },
    EnvironmentVariable { name: "CLICOLOR", help: "The value 0 turns colours off." },
    EnvironmentVariable { name: "CLICOLOR_FORCE", help: "Any value but 0 turns colours on, also into a pipe." },
    EnvironmentVariable { name: "TERM", help: "The value `dumb` turns colours off." },
    EnvironmentVariable {
        name: "XDG_DATA_HOME",
        help: "On Linux, where the data directory is if not in ~/.local/share.",
    },
    EnvironmentVariable {
        name: "USER",
        help: "The login name, which `init` gives to the owner of a new organisation. LOGNAME and USERNAME are read \
               where it is not set.",
    },
    EnvironmentVariable {
        name: "HTTPS_PROXY",
        help: "The proxy through which providers are reached by https. HTTP_PROXY is the same for plain http, \
               ALL_PROXY for both; lower-case spellings count too.",
    },
    EnvironmentVariable {
        name: "AWS_BEARER_TOKEN_BEDROCK",
        help: "An API key of Amazon Bedrock, read with each call by providers of the kind `bedrock` that have no key of their own.",
    },
    EnvironmentVariable {
        name: "AWS_ACCESS_KEY_ID",
        help: "With AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN where it is short-lived: an access key, read in the same way where \
               AWS_BEARER_TOKEN_BEDROCK is not set.",
    },
    EnvironmentVariable {
        name: "GCE_METADATA_HOST",
        help: "Where the metadata of a machine in Google Cloud are, if not at metadata.google.internal. Read when a provider of \
               the kind `vertex` that has no key needs a token.",
    },
    EnvironmentVariable { name: "NO_PROXY", help: "Hosts that are reached without a proxy, separated by commas." },
    EnvironmentVariable {
        name: "SSL_CERT_FILE",
        help: "A PEM file of certificate authorities to trust in place of the system's. SSL_CERT_DIR is the same for \
               a directory.",
    },
];

/// The value of a variable that may be empty; none where it is not set, or is no Unicode.
pub fn variable_or_empty(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// The value of a variable; none where it is not set, is empty, or is no Unicode.
pub fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
