//! The home directory and the environment variables.
