//! The ways in which MIT krb5 reads values: strictly, leniently, by realm.

use alloc::vec::Vec;

use krb5_crypto::EncType;

use super::{
    super::{
        Found, PathTemplate, Setting, ValueError, ValueErrorKind,
        enctypes::{DEFAULT_ENCTYPES, enctypes},
        value,
    },
    Libdefaults,
};

/// A result of reading one value: what MIT krb5 refuses is an error.
pub(super) type Read<'a, T> = Result<Setting<'a, T>, ValueError>;

impl<'a> Libdefaults<'a> {
    /// A relation that can stand in the realm's subsection.
    pub(super) fn realm_text(self, name: &str) -> Option<Found<'a>> {
        let of_realm = self.realm.and_then(|realm| self.config.value(&["libdefaults", realm, name]));
        of_realm.or_else(|| self.text(name))
    }

    pub(super) fn string(self, name: &str) -> Option<Setting<'a, &'a str>> {
        self.text(name).map(|found| Setting::found(found.value, found))
    }

    pub(super) fn template(self, name: &str) -> Option<Setting<'a, PathTemplate<'a>>> {
        self.text(name).map(|found| Setting::found(PathTemplate(found.value), found))
    }

    pub(super) fn strict<T>(
        self,
        name: &str,
        default: T,
        read: impl Fn(&str) -> Option<T>,
        kind: ValueErrorKind,
    ) -> Read<'a, T> {
        let Some(found) = self.text(name) else { return Ok(Setting::default(default)) };
        let value = read(found.value).ok_or_else(|| ValueError::new(name, found, kind))?;
        Ok(Setting::found(value, found))
    }

    pub(super) fn strict_boolean(self, name: &str, default: bool) -> Read<'a, bool> {
        self.strict(name, default, value::boolean, ValueErrorKind::Boolean)
    }

    pub(super) fn lenient<T>(
        self,
        name: &str,
        default: T,
        read: impl Fn(&str) -> Option<T>,
        expected: &'static str,
    ) -> Setting<'a, T> {
        let Some(found) = self.text(name) else { return Setting::default(default) };
        match read(found.value) {
            Some(value) => Setting::found(value, found),
            None => Setting::default(default).with_ignored(found.value, found.place, expected),
        }
    }

    pub(super) fn realm_boolean(self, name: &str, default: bool) -> Setting<'a, bool> {
        self.realm_text(name).map_or_else(|| Setting::default(default), doubtful_boolean)
    }

    pub(super) fn dns(self, name: &str, default: bool) -> Setting<'a, bool> {
        let found = self.text(name).or_else(|| self.text("dns_fallback"));
        found.map_or_else(|| Setting::default(default), doubtful_boolean)
    }

    pub(super) fn duration(self, name: &str, default: i32) -> Read<'a, i32> {
        self.realm_text(name)
            .map_or_else(|| Ok(Setting::default(default)), |found| read_duration(name, found))
    }

    pub(super) fn enctypes(self, name: &str) -> Read<'a, Vec<EncType>> {
        let (name, found) = match self.text(name) {
            Some(found) => (name, Some(found)),
            None => ("permitted_enctypes", self.text("permitted_enctypes")),
        };
        let Some(found) = found else { return Ok(Setting::default(DEFAULT_ENCTYPES.to_vec())) };
        let weak = self.allow_weak_crypto()?.value;
        let (list, unknown) = enctypes(found.value, &DEFAULT_ENCTYPES, weak);
        if list.is_empty() {
            return Err(ValueError::new(name, found, ValueErrorKind::NoEnctype));
        }
        let ignored = unknown.unwrap_or_default();
        Ok(Setting::found(list, found).with_ignored(ignored, found.place, "the name of an encryption type"))
    }
}

pub(super) const BOOLEAN: &str = "true or false";
pub(super) const NUMBER: &str = "a whole number";

/// A boolean of those where MIT krb5 takes all that it does not know for no.
fn doubtful_boolean(found: Found<'_>) -> Setting<'_, bool> {
    match value::boolean(found.value) {
        Some(value) => Setting::found(value, found),
        None => Setting::found(false, found).with_ignored(found.value, found.place, BOOLEAN),
    }
}

pub(super) fn read_duration<'a>(name: &str, found: Found<'a>) -> Read<'a, i32> {
    let value::Duration { seconds, rest } =
        value::duration(found.value).ok_or_else(|| ValueError::new(name, found, ValueErrorKind::Duration))?;
    Ok(Setting::found(seconds, found).with_ignored(rest, found.place, "the end of the duration"))
}
