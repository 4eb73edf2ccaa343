//! Records as people and scripts want them: table, JSON, JSON lines, CSV. Pure: it makes text.
//!
//! A record is whatever serialises to a JSON object; a [`Column`] says which field goes where and how
//! it is written for people. It knows no terminal and no noun.

use super::shape::Shape;
use comfy_table::{Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;

/// How records are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns for people.
    #[default]
    Table,
    /// A JSON array; one object where there is one thing to show.
    Json,
    /// A JSON object a line.
    Jsonl,
    /// Comma-separated values with a header (RFC 4180).
    Csv,
}

/// A field of a record: its place in CSV, and in tables where it has a title.
#[derive(Clone, Debug)]
pub struct Column {
    field: Cow<'static, str>,
    title: Option<Cow<'static, str>>,
    shape: Shape,
    least_width: u16,
    instead: Option<&'static str>,
    sparse: bool,
}

/// Terminals narrower than this leave the columns out that are marked wide.
const WIDE: u16 = 110;

impl Column {
    /// A text under this title.
    pub const fn new(field: &'static str, title: &'static str) -> Column {
        Column::made(Cow::Borrowed(field), Some(Cow::Borrowed(title)))
    }

    /// A field that tables leave out and CSV has.
    pub const fn hidden(field: &'static str) -> Column {
        Column::made(Cow::Borrowed(field), None)
    }

    /// A text whose field and title are known only now.
    pub fn named(field: String) -> Column {
        let title = field.to_uppercase();
        Column::made(Cow::Owned(field), Some(Cow::Owned(title)))
    }

    const fn made(field: Cow<'static, str>, title: Option<Cow<'static, str>>) -> Column {
        Column { field, title, shape: Shape::Text, least_width: 0, instead: None, sparse: false }
    }

    /// The same, written for people in this way.
    pub const fn shape(mut self, shape: Shape) -> Column {
        self.shape = shape;
        self
    }

    /// The same, left out of tables on narrow terminals.
    pub const fn wide(self) -> Column {
        self.least(WIDE)
    }

    /// The same, left out of tables on terminals of fewer columns than these.
    pub const fn least(mut self, columns: u16) -> Column {
        self.least_width = columns;
        self
    }

    /// The same; where a record has none, people see this other field in its place.
    pub const fn or(mut self, field: &'static str) -> Column {
        self.instead = Some(field);
        self
    }

    /// The same, left out of tables in which no record has it.
    pub const fn sparse(mut self) -> Column {
        self.sparse = true;
        self
    }

    /// Whether a table of these records shows it.
    fn is_shown(&self, records: &[Value], room: Room) -> bool {
        let given = |record: &Value| record.get(self.field.as_ref()).is_some_and(|value| !value.is_null());
        self.title.is_some() && self.fits(room) && (!self.sparse || records.iter().any(given))
    }

    fn fits(&self, room: Room) -> bool {
        match room {
            Room::Endless => true,
            Room::Terminal(width) => width >= self.least_width,
        }
    }

    fn words(&self, record: &Value) -> String {
        let get = |field: &str| record.get(field).filter(|value| !value.is_null());
        let value = get(&self.field).or_else(|| self.instead.and_then(get));
        self.shape.words(value.unwrap_or(&Value::Null))
    }
}

/// How much room a table has, and whether it may use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// A pipe or a file: a record a line however long, aligned by spaces.
    Endless,
    /// A terminal of so many columns: long cells wrap.
    Terminal(u16),
}

/// Writes a list of records.
///
/// # Errors
/// A record that does not serialise.
pub fn list(
    format: Format,
    columns: &[Column],
    records: &[impl Serialize],
    room: Room,
) -> Result<String, serde_json::Error> {
    match format {
        Format::Json => Ok(format!("{}\n", serde_json::to_string_pretty(records)?)),
        Format::Jsonl => lines(records),
        Format::Csv => Ok(csv(columns, &values(records)?)),
        Format::Table => Ok(table(columns, &values(records)?, room)),
    }
}

/// Writes one record: for people a line a field.
///
/// # Errors
/// A record that does not serialise.
pub fn one(format: Format, columns: &[Column], record: &impl Serialize) -> Result<String, serde_json::Error> {
    match format {
        Format::Json => Ok(format!("{}\n", serde_json::to_string_pretty(record)?)),
        Format::Jsonl => lines(&[record]),
        Format::Csv => Ok(csv(columns, &values(&[record])?)),
        Format::Table => {
            let record = serde_json::to_value(record)?;
            let shown = columns.iter().filter_map(|column| Some((column.title.as_deref()?, column.words(&record))));
            let shown: Vec<(String, String)> = shown.map(|(title, words)| (title.to_lowercase(), words)).collect();
            Ok(page(&shown))
        }
    }
}

/// Labels and values, a line each, aligned.
pub fn page(fields: &[(impl AsRef<str>, String)]) -> String {
    let width = fields.iter().map(|(label, _)| label.as_ref().chars().count()).max().unwrap_or_default() + 1;
    let line = |(label, value): &(_, String)| {
        let label = format!("{}:", AsRef::<str>::as_ref(label));
        format!("{label:<width$} {value}").trim_end().to_owned() + "\n"
    };
    fields.iter().map(line).collect()
}

fn values(records: &[impl Serialize]) -> Result<Vec<Value>, serde_json::Error> {
    records.iter().map(serde_json::to_value).collect()
}

fn lines(records: &[impl Serialize]) -> Result<String, serde_json::Error> {
    records.iter().map(|record| Ok(serde_json::to_string(record)? + "\n")).collect()
}

fn csv(columns: &[Column], records: &[Value]) -> String {
    let row = |cells: Vec<String>| cells.join(",") + "\r\n";
    let header = columns.iter().map(|column| csv_cell(&column.field)).collect();
    let body = records.iter().map(|record| {
        let cell = |column: &Column| match record.get(column.field.as_ref()) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => csv_cell(text),
            Some(other) => csv_cell(&other.to_string()),
        };
        row(columns.iter().map(cell).collect())
    });
    std::iter::once(row(header)).chain(body).collect()
}

fn csv_cell(text: &str) -> String {
    match text.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

fn table(columns: &[Column], records: &[Value], room: Room) -> String {
    if records.is_empty() {
        return String::new();
    }
    let shown: Vec<&Column> = columns.iter().filter(|column| column.is_shown(records, room)).collect();
    let mut table = Table::new();
    table.load_style(presets::NOTHING).force_no_tty();
    if let Room::Terminal(width) = room {
        table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic).enforce_styling();
    }
    table.set_header(
        shown
            .iter()
            .map(|column| Cell::new(column.title.as_deref().unwrap_or_default()).add_attribute(Attribute::Bold)),
    );
    table.add_rows(records.iter().map(|record| shown.iter().map(|column| cell(column, record)).collect::<Vec<_>>()));
    for (place, column) in shown.iter().enumerate() {
        if let Some(drawn) = table.column_mut(place) {
            drawn.set_padding((0, PADDING));
            if !column.shape.may_wrap() {
                drawn.set_constraint(ColumnConstraint::ContentWidth);
            }
            if column.shape.is_number() {
                drawn.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

const PADDING: u16 = 2;

fn cell(column: &Column, record: &Value) -> Cell {
    let words = column.words(record);
    let colour = column.shape.colour(&words);
    let cell = Cell::new_owned(words);
    match colour {
        Some(colour) => cell.fg(colour),
        None => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const COLUMNS: &[Column] = &[
        Column::new("name", "NAME"),
        Column::hidden("id"),
        Column::new("tokens", "TOKENS").shape(Shape::Count),
        Column::new("cost", "COST").shape(Shape::Money),
        Column::new("note", "NOTE"),
    ];

    fn records() -> Vec<Value> {
        vec![
            json!({ "name": "a", "id": 1, "tokens": 12345, "cost": "0.5", "note": "says \"hi\", twice" }),
            json!({ "name": "long-name", "id": 2, "tokens": 7, "cost": null, "note": null }),
        ]
    }

    #[test]
    fn a_pipe_gets_a_record_a_line_aligned_by_spaces() {
        let text = list(Format::Table, COLUMNS, &records(), Room::Endless).unwrap();
        let expected = "NAME       TOKENS     COST  NOTE\n\
                        a          12,345     $0.5  says \"hi\", twice\n\
                        long-name       7  unknown  -\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_terminal_is_never_overrun() {
        let long = json!({ "name": "word ".repeat(40), "tokens": 1, "cost": "1", "note": "more ".repeat(40) });
        let text = list(Format::Table, COLUMNS, &[long], Room::Terminal(80)).unwrap();
        for line in text.lines() {
            let plain = anstream::adapter::strip_str(line).to_string();
            assert!(plain.chars().count() <= 80, "{plain}");
        }
    }

    #[test]
    fn a_narrow_terminal_has_fewer_columns() {
        let columns = [Column::new("name", "NAME"), Column::new("note", "NOTE").wide()];
        let header = |room| list(Format::Table, &columns, &records(), room).unwrap().lines().next().unwrap().to_owned();
        assert!(!header(Room::Terminal(80)).contains("NOTE"));
        assert!(header(Room::Terminal(120)).contains("NOTE") && header(Room::Endless).contains("NOTE"));
    }

    #[test]
    fn a_column_may_have_a_stand_in_or_be_left_out() {
        let columns = [Column::new("note", "NOTE").or("name"), Column::new("error", "ERROR").sparse()];
        let text = |records: &[Value]| list(Format::Table, &columns, records, Room::Endless).unwrap();
        assert_eq!(text(&records()), "NOTE\nsays \"hi\", twice\nlong-name\n");
        let failed = [json!({ "name": "a", "error": "no" }), json!({ "note": "b", "error": null })];
        assert_eq!(text(&failed), "NOTE  ERROR\na     no\nb     -\n");
    }

    #[test]
    fn csv_quotes_what_must_be_quoted() {
        let text = list(Format::Csv, COLUMNS, &records(), Room::Endless).unwrap();
        let expected = "name,id,tokens,cost,note\r\na,1,12345,0.5,\"says \"\"hi\"\", twice\"\r\nlong-name,2,7,,\r\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn nothing_is_an_empty_list_in_each_format() {
        let nothing: [Value; 0] = [];
        let text = |format| list(format, COLUMNS, &nothing, Room::Endless).unwrap();
        assert_eq!(text(Format::Table), "");
        assert_eq!(text(Format::Json), "[]\n");
        assert_eq!(text(Format::Jsonl), "");
        assert_eq!(text(Format::Csv), "name,id,tokens,cost,note\r\n");
    }

    #[test]
    fn one_record_is_a_page() {
        let text = one(Format::Table, COLUMNS, &records()[0]).unwrap();
        assert_eq!(text, "name:   a\ntokens: 12,345\ncost:   $0.5\nnote:   says \"hi\", twice\n");
    }
}
