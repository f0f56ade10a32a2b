//! Custom date formats in `strptime` syntax.

/// One part of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatePart {
    /// This literal character.
    Literal(char),
    /// White space, or none.
    Space,
    /// `%Y`: four digits.
    Year,
    /// `%y`: two digits, where 50 to 99 are in the twentieth century.
    ShortYear,
    /// `%m`
    Month,
    /// `%b`, `%B`: the English name of a month, in full or its first three letters.
    MonthName,
    /// `%d`, `%e`
    Day,
    /// `%a`, `%A`: the English name of a day, which is ignored.
    Weekday,
    /// `%H`: 0 to 24.
    Hour,
    /// `%I`: 1 to 12.
    Hour12,
    /// `%p`: AM or PM.
    HalfDay,
    /// `%M`
    Minute,
    /// `%S`
    Second,
    /// `%f`: digits of a fraction of a second.
    Fraction,
    /// `%z`: +0100, +01:00, +01 or Z.
    Offset,
    /// `%Z`: the name of a zone, as in RFC 822.
    ZoneName,
    /// `%s`: whole seconds since 1970, in UTC.
    Epoch,
    /// `%Q`: the same in milliseconds.
    EpochMillis,
    /// The same in microseconds.
    EpochMicros,
}

/// Formats that are one count since 1970, and the words for them.
const EPOCHS: [(&str, DatePart); 3] = [
    ("epochSeconds", DatePart::Epoch),
    ("epochMillis", DatePart::EpochMillis),
    ("epochMicros", DatePart::EpochMicros),
];

/// A parsed format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateFormat {
    /// The format as written.
    pub text: String,
    /// The parts in order.
    pub parts: Vec<DatePart>,
}

impl DateFormat {
    /// Parses a format, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some((_, part)) = EPOCHS.iter().find(|(word, _)| *word == text) {
            return Ok(Self { text: text.to_owned(), parts: vec![*part] });
        }
        let mut parts = Vec::new();
        let mut characters = text.chars();
        while let Some(c) = characters.next() {
            match c {
                '%' => match characters.next() {
                    Some(letter) => directive(letter, &mut parts)?,
                    None => return Err(format!("expected a letter after the last %, found {text:?}")),
                },
                c if c.is_whitespace() => parts.push(DatePart::Space),
                c => parts.push(DatePart::Literal(c)),
            }
        }
        let format = Self { text: text.to_owned(), parts };
        format.check(text)?;
        Ok(format)
    }

    /// Whether it is nothing but a count since 1970, perhaps with a fraction, so that a number can be such a date.
    pub fn is_epoch(&self) -> bool {
        use DatePart::{Epoch, EpochMicros, EpochMillis, Fraction, Literal};
        let parts = self.parts.as_slice();
        matches!(parts, [Epoch | EpochMillis | EpochMicros] | [Epoch, Literal('.'), Fraction])
    }

    fn has(&self, wanted: &[DatePart]) -> bool {
        self.parts.iter().any(|part| wanted.contains(part))
    }

    /// A format must give a day, and a part of a time only together with the larger parts.
    fn check(&self, text: &str) -> Result<(), String> {
        use DatePart::{Day, Epoch, EpochMillis, Fraction, HalfDay, Hour, Hour12, Minute, Month, MonthName};
        use DatePart::{Second, Year};
        let day = self.has(&[Year, DatePart::ShortYear]) && self.has(&[Month, MonthName]) && self.has(&[Day]);
        let wrong = |expected: &str| Err(format!("expected {expected}, found {text:?}"));
        if !day && !self.has(&[Epoch, EpochMillis]) {
            return wrong("a form with a year, a month and a day, such as %d.%m.%Y, or epochMillis");
        }
        if self.has(&[Hour12]) != self.has(&[HalfDay]) {
            return wrong("%I and %p together, or %H");
        }
        let needs = [(Minute, &[Hour, Hour12][..]), (Second, &[Minute]), (Fraction, &[Second, Epoch])];
        if needs.into_iter().any(|(part, whole)| self.has(&[part]) && !self.has(whole)) {
            return wrong("%S only with %M, %M only with %H or %I, and %f only with %S or %s");
        }
        Ok(())
    }
}

fn directive(letter: char, parts: &mut Vec<DatePart>) -> Result<(), String> {
    use DatePart::{
        Day, Epoch, EpochMillis, Fraction, HalfDay, Hour, Hour12, Literal, Minute, Month, MonthName, Offset,
        Second, ShortYear, Space, Weekday, Year, ZoneName,
    };
    let added: &[DatePart] = match letter {
        'Y' => &[Year],
        'y' => &[ShortYear],
        'm' => &[Month],
        'b' | 'B' | 'h' => &[MonthName],
        'd' | 'e' => &[Day],
        'a' | 'A' => &[Weekday],
        'H' => &[Hour],
        'I' => &[Hour12],
        'p' => &[HalfDay],
        'M' => &[Minute],
        'S' => &[Second],
        'f' => &[Fraction],
        'z' => &[Offset],
        'Z' => &[ZoneName],
        's' => &[Epoch],
        'Q' => &[EpochMillis],
        'F' => &[Year, Literal('-'), Month, Literal('-'), Day],
        'T' => &[Hour, Literal(':'), Minute, Literal(':'), Second],
        'R' => &[Hour, Literal(':'), Minute],
        'n' | 't' => &[Space],
        '%' => &[Literal('%')],
        _ => {
            return Err(format!(
                "expected one of %Y %y %m %b %B %d %e %a %A %H %I %p %M %S %f %z %Z %s %Q %F %T %R %n %t %%, found %{letter}"
            ));
        }
    };
    parts.extend_from_slice(added);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::DateFormat;

    #[test]
    fn a_form_that_cannot_give_a_date_is_refused() {
        for good in [
            "%d.%m.%Y %H:%M",
            "%F",
            "%FT%T.%f%z",
            "%s",
            "%s.%f",
            "/Date(%Q)/",
            "epochSeconds",
            "epochMillis",
            "epochMicros",
            "%A, %e %B %y, %I:%M %p %Z",
            "%m/%d/%Y",
            "%d%%%m%%%Y",
        ] {
            DateFormat::parse(good).unwrap();
        }
        for (bad, expected) in [
            ("", "a year, a month and a day"),
            ("%H:%M", "a year, a month and a day"),
            ("%Y-%m", "a year, a month and a day"),
            ("%Y-%j", "found %j"),
            ("%F %", "after the last %"),
            ("%F %I:%M", "%I and %p together"),
            ("%F %M", "%M only with"),
            ("%F %H %S", "%S only with"),
            ("%Q.%f", "%f only with"),
        ] {
            let problem = DateFormat::parse(bad).unwrap_err();
            assert!(problem.contains(expected), "{bad}: {problem}");
        }
    }
}
