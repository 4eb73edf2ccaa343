//! The path of one call, a file a stage.
