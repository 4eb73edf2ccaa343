//! One function an administrative act. Nothing else writes configuration.
