//! The editor Cursor (<https://cursor.com>). Its settings are filled in by hand, and its servers make the calls.

use super::{Client, Connection, one_line};

/// `cursor`.
pub(super) struct Cursor;

impl Client for Cursor {
    fn name(&self) -> &'static str {
        "cursor"
    }

    fn title(&self) -> &'static str {
        "Cursor"
    }

    fn language(&self) -> &'static str {
        "text"
    }

    fn run(&self) -> Option<&'static str> {
        Some(
            "in Cursor, open Settings, Models, API Keys, and fill these in; Cursor's servers make the calls, so the gateway \
             must have a public address",
        )
    }

    fn base_url<'a>(&self, connection: &'a Connection) -> &'a str {
        &connection.cursor_base_url
    }

    fn snippet(&self, connection: &Connection) -> String {
        format!(
            "OpenAI API Key:           {}\nOverride OpenAI Base URL: {}\nAdd Custom Model:         {}\n",
            connection.api_key.reveal(),
            self.base_url(connection),
            one_line(&connection.model)
        )
    }
}
