//! Booleans, numbers and durations, as MIT krb5 reads them.

/// `y`, `yes`, `true`, `t`, `1`, `on`; `n`, `no`, `false`, `nil`, `0`, `off`; upper or lower case.
#[must_use]
pub fn boolean(text: &str) -> Option<bool> {
    let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_one_of(&["y", "yes", "true", "t", "1", "on"]) {
        Some(true)
    } else if is_one_of(&["n", "no", "false", "nil", "0", "off"]) {
        Some(false)
    } else {
        None
    }
}

/// A decimal number of 32 bits with an optional sign. Blanks may stand before it, and nothing after it.
#[must_use]
pub fn integer(text: &str) -> Option<i32> {
    let text = text.trim_start_matches(|c: char| c == ' ' || ('\t'..='\r').contains(&c));
    // Rust's grammar is that of C's `strtol` from here on: one sign, then digits.
    text.parse().ok()
}

/// A duration, in seconds, and the text behind it that does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration<'a> {
    /// Seconds; may be negative.
    pub seconds: i32,
    /// What follows, from the first character that no duration has. MIT krb5 ignores it.
    pub rest: &'a str,
}

/// `1d2h3m4s` (any of them, in this order, blanks between), `days-hours:minutes:seconds`, `hours:minutes:seconds`,
/// `hours:minutes`, or seconds alone. `None` where the text is nothing of this or exceeds 32 bits.
///
/// The quirks of MIT krb5 are kept: no blank may stand between a number and its unit, a number behind others needs its
/// unit (`1h30` is refused), the parts behind a colon have at most two digits, and the first character that no duration
/// has ends the text: `8hours` is eight hours.
#[must_use]
pub fn duration(text: &str) -> Option<Duration<'_>> {
    let mut lexer = Lexer { rest: text };
    let first = lexer.number()?;
    let seconds = match lexer.token() {
        Token::End => return Some(Duration { seconds: first, rest: lexer.rest }),
        Token::Unit(Unit::Seconds) => first,
        Token::Unit(unit) => lexer.units(first, unit)?,
        Token::Colon => {
            let minutes = lexer.clock_part()?;
            let seconds = if lexer.take(Token::Colon) { lexer.clock_part()? } else { 0 };
            sum(0, first, minutes, seconds)?
        }
        Token::Minus => {
            let days = Unit::Days.of(first)?;
            let hours = lexer.clock_part()?;
            let minutes = lexer.take(Token::Colon).then(|| lexer.clock_part())??;
            let seconds = lexer.take(Token::Colon).then(|| lexer.clock_part())??;
            sum(days, hours, minutes, seconds)?
        }
        Token::Blanks | Token::Number { .. } | Token::TooLarge => return None,
    };
    lexer.take(Token::End).then_some(Duration { seconds, rest: lexer.rest })
}

fn sum(days: i32, hours: i32, minutes: i32, seconds: i32) -> Option<i32> {
    days.checked_add(Unit::Hours.of(hours)?)?.checked_add(Unit::Minutes.of(minutes)?)?.checked_add(seconds)
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Days,
    Hours,
    Minutes,
    Seconds,
}

impl Unit {
    fn of(self, number: i32) -> Option<i32> {
        number.checked_mul(match self {
            Self::Days => 24 * 60 * 60,
            Self::Hours => 60 * 60,
            Self::Minutes => 60,
            Self::Seconds => 1,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Number {
        value: i32,
        digits: usize,
    },
    TooLarge,
    Unit(Unit),
    Minus,
    Colon,
    Blanks,
    /// The end of the text, or a character that is no token; it is not taken.
    End,
}

struct Lexer<'a> {
    rest: &'a str,
}

impl Lexer<'_> {
    fn token(&mut self) -> Token {
        let Some(first) = self.rest.chars().next() else { return Token::End };
        let run = |wanted: fn(char) -> bool| self.rest.chars().take_while(|c| wanted(*c)).count();
        let (token, length) = match first {
            '-' => (Token::Minus, 1),
            ':' => (Token::Colon, 1),
            'd' => (Token::Unit(Unit::Days), 1),
            'h' => (Token::Unit(Unit::Hours), 1),
            'm' => (Token::Unit(Unit::Minutes), 1),
            's' => (Token::Unit(Unit::Seconds), 1),
            '0'..='9' => {
                let digits = run(|c| c.is_ascii_digit());
                let number = self.rest.get(..digits).and_then(|number| number.parse().ok());
                (number.map_or(Token::TooLarge, |value| Token::Number { value, digits }), digits)
            }
            // Other blanks end the text when they come first in a row.
            ' ' | '\t' | '\n' => (Token::Blanks, run(|c| c == ' ' || ('\t'..='\r').contains(&c))),
            _ => return Token::End,
        };
        // All characters of a token are ASCII.
        self.rest = self.rest.get(length..).unwrap_or_default();
        token
    }

    /// Takes this token if it is the next one.
    fn take(&mut self, wanted: Token) -> bool {
        let before = self.rest;
        let found = self.token() == wanted;
        if !found {
            self.rest = before;
        }
        found
    }

    /// A number with blanks before it and a minus sign, both if need be.
    fn number(&mut self) -> Option<i32> {
        self.take(Token::Blanks);
        let negative = self.take(Token::Minus);
        match self.token() {
            Token::Number { value, .. } if negative => value.checked_neg(),
            Token::Number { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Hours, minutes or seconds of a clock: one or two digits.
    fn clock_part(&mut self) -> Option<i32> {
        match self.token() {
            Token::Number { value, digits: 1..=2 } => Some(value),
            _ => None,
        }
    }

    /// The rest of `1d2h3m4s`, behind the first unit. Blanks may end it, but not behind seconds.
    fn units(&mut self, first: i32, mut last: Unit) -> Option<i32> {
        let mut parts = Parts::default();
        parts.set(last, first)?;
        while last < Unit::Seconds {
            self.take(Token::Blanks);
            if self.take(Token::End) {
                break;
            }
            let number = self.number()?;
            match self.token() {
                Token::Unit(unit) if unit > last => {
                    parts.set(unit, number)?;
                    last = unit;
                }
                _ => return None,
            }
        }
        parts.sum()
    }
}

/// The parts of a duration, each in seconds.
#[derive(Default)]
struct Parts {
    days: i32,
    hours: i32,
    minutes: i32,
    seconds: i32,
}

impl Parts {
    fn set(&mut self, unit: Unit, number: i32) -> Option<()> {
        let part = match unit {
            Unit::Days => &mut self.days,
            Unit::Hours => &mut self.hours,
            Unit::Minutes => &mut self.minutes,
            Unit::Seconds => &mut self.seconds,
        };
        *part = unit.of(number)?;
        Some(())
    }

    /// From the smallest part on, as MIT krb5 does: with parts below zero the order decides what exceeds 32 bits.
    fn sum(&self) -> Option<i32> {
        let minutes = self.minutes.checked_add(self.seconds)?;
        self.days.checked_add(self.hours.checked_add(minutes)?)
    }
}
