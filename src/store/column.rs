//! How the program's types stand in columns.

use crate::records::{Bodies, Status, UsageSource, UserRole};
use crate::types::{
    BudgetId, GuardrailId, KeyId, LimitId, Money, OrgId, PolicyId, Protocol, ProviderId, RouteId, Task, TeamId, Time,
    TraceId, UserId,
};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;

macro_rules! integer_columns {
    ($($type:ty: $to:expr, $from:expr;)*) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                let to: fn($type) -> i64 = $to;
                Ok(to(*self).into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<$type> {
                let from: fn(i64) -> Option<$type> = $from;
                let number = value.as_i64()?;
                from(number).ok_or(FromSqlError::OutOfRange(number))
            }
        }
    )*};
}

integer_columns! {
    OrgId: |id| id.0, |n| Some(OrgId(n));
    UserId: |id| id.0, |n| Some(UserId(n));
    ProviderId: |id| id.0, |n| Some(ProviderId(n));
    KeyId: |id| id.0, |n| Some(KeyId(n));
    RouteId: |id| id.0, |n| Some(RouteId(n));
    BudgetId: |id| id.0, |n| Some(BudgetId(n));
    LimitId: |id| id.0, |n| Some(LimitId(n));
    TeamId: |id| id.0, |n| Some(TeamId(n));
    GuardrailId: |id| id.0, |n| Some(GuardrailId(n));
    PolicyId: |id| id.0, |n| Some(PolicyId(n));
    TraceId: |id| id.0, |n| Some(TraceId(n));
    Time: Time::millis, |n| Some(Time::from_millis(n));
    Money: Money::pico, |n| Some(Money::from_pico(n));
    Status: |status| place(&Status::ALL, status), |n| at(&Status::ALL, n);
    Task: |task| place(&Task::ALL, task), |n| at(&Task::ALL, n);
    UsageSource: |source| place(&USAGE_SOURCES, source), |n| at(&USAGE_SOURCES, n);
}

pub(super) const USAGE_SOURCES: [UsageSource; 3] = [UsageSource::None, UsageSource::Reported, UsageSource::Estimated];

/// A protocol as its place in the list, for rows that must be narrow. Elsewhere it stands by its name.
#[derive(Clone, Copy)]
pub(super) struct ProtocolPlace(pub Protocol);

integer_columns! {
    ProtocolPlace: |p| place(&Protocol::ALL, p.0), |n| at(&Protocol::ALL, n).map(ProtocolPlace);
}

pub(super) fn place<T: PartialEq>(list: &[T], value: T) -> i64 {
    list.iter().position(|other| *other == value).map_or(-1, |place| place as i64)
}

pub(super) fn at<T: Copy>(list: &[T], place: i64) -> Option<T> {
    usize::try_from(place).ok().and_then(|place| list.get(place).copied())
}

impl ToSql for Protocol {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for Protocol {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Protocol> {
        let name = value.as_str()?;
        Protocol::parse(name).ok_or_else(|| unknown(name))
    }
}

impl ToSql for Bodies {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for Bodies {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Bodies> {
        let name = value.as_str()?;
        Bodies::parse(name).ok_or_else(|| unknown(name))
    }
}

impl ToSql for UserRole {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for UserRole {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<UserRole> {
        let name = value.as_str()?;
        UserRole::parse(name).ok_or_else(|| unknown(name))
    }
}

fn unknown(word: &str) -> FromSqlError {
    FromSqlError::Other(format!("`{word}` is not a word that this version knows").into())
}

/// A value kept as JSON text.
pub(super) struct Json<T>(pub T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0);
        text.map(ToSqlOutput::from).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Json<T>> {
        serde_json::from_str(value.as_str()?).map(Json).map_err(|error| FromSqlError::Other(error.into()))
    }
}

/// A count, for a column of 63 bits.
pub(super) fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A count that was read back.
pub(super) fn uncount(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// `provider/model`; the model alone where the call went to no provider.
pub(super) fn full_name(provider: Option<&str>, model: &str) -> String {
    provider.map_or_else(|| model.to_owned(), |provider| format!("{provider}/{model}"))
}
