//! What a field of a subscribe message may hold, by the kind its name begins with.

/// The kinds of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Anything, 20 characters.
    Thing,
    /// Digits, may have a decimal point, 32.
    Number,
    /// Latin letters, 32.
    Letter,
    /// Symbols, 5.
    Symbol,
    /// Digits, letters and symbols but no Hanzi, 32.
    CharacterString,
    /// A time of day, with or without a date; two joined by `~` make a span.
    Time,
    /// A date, with or without a time of day; two joined by `~` make a span.
    Date,
    /// A currency symbol and up to 10 digits, may have a decimal point, may end in 元.
    Amount,
    /// Digits and symbols, 17.
    PhoneNumber,
    /// A number plate, 8.
    CarNumber,
    /// A name: 10 characters when it has Hanzi, 20 letters or symbols otherwise.
    Name,
    /// Hanzi only, 5.
    Phrase,
}

impl Kind {
    const NAMES: &[(&str, Self)] = &[
        ("thing", Self::Thing),
        ("number", Self::Number),
        ("letter", Self::Letter),
        ("symbol", Self::Symbol),
        ("character_string", Self::CharacterString),
        ("time", Self::Time),
        ("date", Self::Date),
        ("amount", Self::Amount),
        ("phone_number", Self::PhoneNumber),
        ("car_number", Self::CarNumber),
        ("name", Self::Name),
        ("phrase", Self::Phrase),
    ];

    /// The kind of a field by its name: the kind, then a number (`thing1`).
    pub fn of(field: &str) -> Option<Self> {
        let stem = field.trim_end_matches(|c: char| c.is_ascii_digit());
        let numbered = stem.len() < field.len();
        Self::NAMES
            .iter()
            .find(|(name, _)| numbered && *name == stem)
            .map(|(_, kind)| *kind)
    }

    /// Whether a field of this kind may hold the value. Lengths count characters.
    pub fn allows(self, value: &str) -> bool {
        let length = value.chars().count();
        let all = |test: fn(char) -> bool| value.chars().all(test);
        if length == 0 || value.chars().any(char::is_control) {
            return false;
        }
        match self {
            Self::Thing => length <= 20,
            Self::Number => length <= 32 && is_decimal(value),
            Self::Letter => length <= 32 && all(|c| c.is_ascii_alphabetic()),
            Self::Symbol => length <= 5 && all(|c| !c.is_alphanumeric()),
            Self::CharacterString => length <= 32 && all(|c| c.is_ascii() || !c.is_alphanumeric()),
            Self::Time => is_span(value, |part| is_moment(part, false, true)),
            Self::Date => is_span(value, |part| is_moment(part, true, false)),
            Self::Amount => is_amount(value),
            Self::PhoneNumber => {
                length <= 17
                    && all(|c| !c.is_alphabetic())
                    && value.chars().any(|c| c.is_ascii_digit())
            }
            Self::CarNumber => length <= 8,
            Self::Name => {
                length <= if value.chars().any(is_hanzi) { 10 } else { 20 }
                    && all(|c| !c.is_ascii_digit())
            }
            Self::Phrase => length <= 5 && all(is_hanzi),
        }
    }
}

fn is_hanzi(c: char) -> bool {
    matches!(c, '\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}')
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_decimal(text: &str) -> bool {
    text.split_once('.').map_or_else(
        || is_digits(text),
        |(whole, part)| is_digits(whole) && is_digits(part),
    )
}

fn is_amount(value: &str) -> bool {
    let number = value.strip_suffix('元').unwrap_or(value);
    let number = number
        .strip_prefix(['¥', '￥', '$', '€', '£'])
        .unwrap_or(number);
    is_decimal(number) && number.bytes().filter(u8::is_ascii_digit).count() <= 10
}

fn is_span(value: &str, is_one: impl Fn(&str) -> bool) -> bool {
    match value.split_once('~') {
        Some((from, to)) => is_one(from.trim()) && is_one(to.trim()),
        None => is_one(value),
    }
}

/// A date, a time of day, or both with a space between; which of them must be there is asked.
fn is_moment(text: &str, date_needed: bool, time_needed: bool) -> bool {
    match text.split_once(' ') {
        Some((date, time)) => is_date(date) && is_time_of_day(time),
        None => (!date_needed && is_time_of_day(text)) || (!time_needed && is_date(text)),
    }
}

fn numbers(parts: &[&str]) -> Option<Vec<u32>> {
    parts
        .iter()
        .map(|part| {
            if is_digits(part) {
                part.parse().ok()
            } else {
                None
            }
        })
        .collect()
}

/// 24 hours: `HH:MM` or `HH:MM:SS`.
fn is_time_of_day(text: &str) -> bool {
    let parts: Vec<_> = text.split(':').collect();
    match numbers(&parts).as_deref() {
        Some([hour, minute]) => *hour < 24 && *minute < 60,
        Some([hour, minute, second]) => *hour < 24 && *minute < 60 && *second < 60,
        _ => false,
    }
}

/// Year, month and day, year and month, or month and day (the last in Chinese form only).
fn is_date(text: &str) -> bool {
    if text.contains('月') {
        return is_chinese_date(text);
    }
    ['-', '/', '.'].iter().any(|separator| {
        let parts: Vec<_> = text.split(*separator).collect();
        match numbers(&parts).as_deref() {
            Some([year, month]) => *year >= 1000 && is_month(*month),
            Some([year, month, day]) => *year >= 1000 && is_month(*month) && is_day(*day),
            _ => false,
        }
    })
}

fn is_chinese_date(text: &str) -> bool {
    let (year, rest) = text
        .split_once('年')
        .map_or((None, text), |(year, rest)| (Some(year), rest));
    let Some((month, rest)) = rest.split_once('月') else {
        return false;
    };
    let day = rest.strip_suffix('日');
    let number = |text: &str| numbers(&[text]).and_then(|found| found.first().copied());
    let year_fits = year.is_none_or(|year| number(year).is_some_and(|year| year >= 1000));
    let day_fits = match day {
        Some(day) => number(day).is_some_and(is_day),
        None => year.is_some() && rest.is_empty(),
    };
    year_fits && number(month).is_some_and(is_month) && day_fits
}

fn is_month(month: u32) -> bool {
    (1..=12).contains(&month)
}

fn is_day(day: u32) -> bool {
    (1..=31).contains(&day)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(field: &str, good: &[&str], bad: &[&str]) {
        let kind = Kind::of(field).unwrap();
        for value in good {
            assert!(kind.allows(value), "{field} should hold {value}");
        }
        for value in bad {
            assert!(!kind.allows(value), "{field} should not hold {value}");
        }
    }

    #[test]
    fn each_kind_holds_what_the_document_says_and_no_more() {
        check(
            "thing1",
            &["旧纸箱，约 12 公斤 𠮷", &"字".repeat(20)],
            &["", &"字".repeat(21), "two\nlines"],
        );
        check(
            "number2",
            &["12", "12.50"],
            &["1.", "-1", "12kg", &"1".repeat(33)],
        );
        check("letter3", &["AbC"], &["a1", "字", &"a".repeat(33)]);
        check("symbol4", &["!?#"], &["a", "1", "字", "!!!!!!"]);
        check(
            "character_string5",
            &["HS-20261123-4F7K2", &"a".repeat(32)],
            &["订单 1", &"a".repeat(33)],
        );
        check(
            "time6",
            &[
                "15:01",
                "2026年11月24日 15:01",
                "2026-11-24 10:00~2026-11-24 12:00",
                "10:00~12:00",
            ],
            &["2026-11-24", "24:00", "10", "10:60", "明天"],
        );
        check(
            "date7",
            &[
                "2026年11月24日",
                "2026-11-24",
                "2026.11",
                "11月24日",
                "2026/11/24 10:00",
                "2026年11月",
            ],
            &["10:00", "2026-13-01", "11-24", "11月", "24日"],
        );
        check(
            "amount8",
            &["¥54.00", "54元", "￥1234567890"],
            &["¥12345678901", "五十", "¥", "-1", "¥1,000.00"],
        );
        check(
            "phone_number9",
            &["13800002046", "+86-0766-66888866"],
            &["138****2046x", "手机", &"1".repeat(18)],
        );
        check("car_number10", &["粤A8Z888挂"], &["粤A8Z888挂车"]);
        check(
            "name11",
            &["王女士", "John Smith", &"王".repeat(10)],
            &[&"王".repeat(11), &"a".repeat(21), "王3"],
        );
        check(
            "phrase12",
            &["已付款", "配送中"],
            &["已付款了没有", "OK", "已 付"],
        );
    }

    #[test]
    fn a_field_without_number_or_of_unknown_kind_is_none() {
        assert_eq!(
            (Kind::of("thing"), Kind::of("colour1"), Kind::of("")),
            (None, None, None)
        );
        assert_eq!(Kind::of("phone_number12"), Some(Kind::PhoneNumber));
    }
}
