//! The language of an answer: Chinese unless `Accept-Language` prefers English.

use huishou_domain::pricing::Lang;

/// The language a header asks for: the first of `zh` and `en` by weight, Chinese where neither is named.
#[must_use]
pub fn of_header(header: Option<&str>) -> Lang {
    let mut best = (0, Lang::Zh);
    for part in header.unwrap_or_default().split(',') {
        let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
        let lang = match tag.trim().get(..2).map(str::to_ascii_lowercase).as_deref() {
            Some("zh") => Lang::Zh,
            Some("en") => Lang::En,
            _ => continue,
        };
        let weight = weight(parameters);
        if weight > best.0 {
            best = (weight, lang);
        }
    }
    best.1
}

/// `q=0.8` in thousandths; 1000 where there is none, 0 where it cannot be read.
fn weight(parameters: &str) -> u32 {
    let Some(q) = parameters
        .split(';')
        .find_map(|p| p.trim().strip_prefix("q="))
    else {
        return 1000;
    };
    let (whole, fraction) = q.trim().split_once('.').unwrap_or((q.trim(), ""));
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole, thousandths.parse::<u32>()) {
        ("1", _) => 1000,
        ("0", Ok(n)) => n,
        _ => 0,
    }
}

/// One of two texts.
#[must_use]
pub const fn pick<'a>(lang: Lang, zh: &'a str, en: &'a str) -> &'a str {
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heavier_of_chinese_and_english_is_taken_and_chinese_without_either() {
        assert_eq!(of_header(None), Lang::Zh);
        assert_eq!(of_header(Some("fr-FR")), Lang::Zh);
        assert_eq!(of_header(Some("en")), Lang::En);
        assert_eq!(of_header(Some("en-GB;q=0.7, zh-CN;q=0.9")), Lang::Zh);
        assert_eq!(of_header(Some("zh;q=0.2,en;q=0.8")), Lang::En);
        assert_eq!(
            of_header(Some("语言,é")),
            Lang::Zh,
            "odd bytes are no reason to fall over"
        );
    }
}
