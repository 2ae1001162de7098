//! Numbers, money, weights, mobile numbers: their forms and their edges.

use huishou_domain::mobile::Mobile;
use huishou_domain::money::Fen;
use huishou_domain::number::Number;
use huishou_domain::pricing::UnitPrice;
use huishou_domain::weight::Weight;
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn a_number_is_digits_with_at_most_one_point_and_nothing_else() {
    for text in [
        "0",
        "-0",
        "007",
        "12.5",
        "-12.500000",
        "999999999999.999999",
        "0.000001",
    ] {
        assert!(Number::parse(text).is_ok(), "{text}");
    }
    for text in [
        "",
        "-",
        ".",
        "1.",
        ".5",
        "+1",
        " 1",
        "1 ",
        "1e3",
        "1,000",
        "--1",
        "1.2.3",
        "0x1",
        "１",
        "٣",
        "1234567890123",
        "0000000000001",
        "0.0000001",
        "1.0000000",
        "NaN",
        "∞",
        "1\u{0}",
    ] {
        assert!(Number::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_json_number_is_taken_from_its_text_and_never_through_a_float() {
    let read = |text: &str| Number::from_json(&serde_json::from_str(text).unwrap());
    assert_eq!(read("0.1").unwrap().to_string(), "0.1");
    assert_eq!(
        read("123456789012.123456").unwrap().to_string(),
        "123456789012.123456"
    );
    assert!(read("1e2").is_err(), "an exponent is outside the form");
    assert!(read("0.1234567").is_err());
    for other in ["null", "true", "[]", "{}", "[1]"] {
        assert!(read(other).is_err(), "{other}");
    }
}

#[test]
fn numbers_print_without_trailing_zeros() {
    for (text, printed) in [
        ("-0", "0"),
        ("10", "10"),
        ("1.500", "1.5"),
        ("-0.05", "-0.05"),
        ("007", "7"),
    ] {
        assert_eq!(Number::parse(text).unwrap().to_string(), printed);
    }
}

#[test]
fn money_is_read_to_the_fen_and_printed_with_two_decimals() {
    for (text, fen, printed) in [
        ("12.30", 1230, "12.30"),
        ("12.3", 1230, "12.30"),
        ("7", 700, "7.00"),
        ("-0.63", -63, "-0.63"),
        ("0", 0, "0.00"),
        ("-0", 0, "0.00"),
    ] {
        let amount = Fen::parse(text).unwrap();
        assert_eq!((amount.fen(), amount.to_string().as_str()), (fen, printed));
    }
    for text in ["12.345", "1.000", "", "¥1", "1,000", "1e2", "12.", "+1"] {
        assert!(Fen::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn money_is_read_from_a_string_or_a_plain_json_number() {
    let read = |text: &str| serde_json::from_str::<Fen>(text);
    assert_eq!(read("\"54.63\"").unwrap(), Fen::from_fen(5463));
    assert_eq!(read("54.63").unwrap(), Fen::from_fen(5463));
    assert_eq!(read("-54").unwrap(), Fen::from_fen(-5400));
    for text in ["54.631", "1e2", "null", "true", "[1]", "{}", "\" 1\""] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn money_survives_tagged_and_flattened_forms() {
    #[derive(serde::Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        Paid { amount: Fen, weight: Weight },
    }
    let text = r#"{"kind": "Paid", "amount": 54.6, "weight": 1.25}"#;
    let Tagged::Paid { amount, weight } = serde_json::from_str(text).unwrap();
    assert_eq!((amount.fen(), weight.grams()), (5460, 1250));
}

#[test]
fn money_is_shown_with_its_sign_and_grouped() {
    for (fen, shown) in [
        (0, "¥0.00"),
        (5, "¥0.05"),
        (-63, "-¥0.63"),
        (123_450, "¥1,234.50"),
        (99_999, "¥999.99"),
        (100_000_000, "¥1,000,000.00"),
        (i64::MIN, "-¥92,233,720,368,547,758.08"),
    ] {
        assert_eq!(Fen::from_fen(fen).yuan_display(), shown);
    }
}

#[test]
fn money_never_wraps_round() {
    let most = Fen::from_fen(i64::MAX);
    assert_eq!(most.checked_add(Fen::from_fen(1)), None);
    assert_eq!(Fen::from_fen(i64::MIN).checked_sub(Fen::from_fen(1)), None);
    assert_eq!(Fen::checked_sum([most, Fen::from_fen(1)]), None);
    assert_eq!(Fen::checked_sum([]), Some(Fen::ZERO));
}

#[test]
fn weights_are_whole_grams() {
    assert_eq!(Weight::parse("52.4").unwrap().grams(), 52_400);
    assert_eq!(Weight::parse("52.400").unwrap().to_string(), "52.4");
    assert_eq!(Weight::parse("-0.005").unwrap().to_string(), "-0.005");
    assert!(Weight::parse("0.0005").is_err(), "finer than a gram");
    assert_eq!(Weight::from_grams(1_500).jin_display(), "3 斤");
    assert_eq!(Weight::from_grams(1_255).jin_display(), "2.51 斤");
    assert_eq!(
        Weight::from_kilograms(Number::parse("1.2345").unwrap()),
        None
    );
}

#[test]
fn a_mobile_number_is_eleven_digits_beginning_with_13_to_19() {
    for text in ["13800002046", "19912345678", "16600000000"] {
        assert!(Mobile::parse(text).is_ok(), "{text}");
    }
    for text in [
        "12800002046",
        "1380000204",
        "138000020461",
        "+8613800002046",
        "1380000204a",
        " 13800002046",
        "１３８００００２０４６",
        "",
        "138𠮷0002046",
    ] {
        assert!(Mobile::parse(text).is_err(), "{text:?}");
        assert!(serde_json::from_value::<Mobile>(json!(text)).is_err());
    }
}

#[test]
fn a_mobile_number_shows_masked_in_logs_and_whole_on_the_wire() {
    let mobile = Mobile::parse("13800002046").unwrap();
    assert_eq!(mobile.masked(), "138****2046");
    assert!(
        !format!("{mobile:?}").contains("0000"),
        "Debug reaches logs"
    );
    assert_eq!(serde_json::to_value(&mobile).unwrap(), json!("13800002046"));
}

#[test]
fn unit_prices_are_read_back_with_all_ten_decimals() {
    for text in [
        "0",
        "39.14834688",
        "-0.0000000001",
        "9999999999.99",
        "0.29493561",
    ] {
        let price: UnitPrice = serde_json::from_value(json!(text)).unwrap();
        assert_eq!(price.to_string(), text);
    }
    for bad in ["", "1.", ".1", "1.00000000001", "1.-5", "x", "1.+5"] {
        assert!(
            serde_json::from_value::<UnitPrice>(json!(bad)).is_err(),
            "{bad}"
        );
    }
}

fn round_trip<T>(value: &T) -> T
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

proptest! {
    #[test]
    fn numbers_money_and_weights_survive_the_wire(scaled in -99_999_999_999_999_i64..=99_999_999_999_999) {
        let number = Number::from_micros(scaled).unwrap();
        prop_assert_eq!(round_trip(&number), number);
        prop_assert_eq!(round_trip(&Fen::from_fen(scaled)), Fen::from_fen(scaled));
        prop_assert_eq!(round_trip(&Weight::from_grams(scaled)), Weight::from_grams(scaled));
        let plain: Value = serde_json::from_str(&number.to_string()).unwrap();
        prop_assert_eq!(Number::from_json(&plain), Ok(number), "as a JSON number too");
    }

    #[test]
    fn any_text_is_read_or_refused_without_panic(text in any::<String>()) {
        let _ = (Number::parse(&text).is_ok(), Fen::parse(&text).is_ok(), Weight::parse(&text).is_ok());
        let _ = Mobile::parse(&text).map(|mobile| mobile.masked());
        let _ = serde_json::from_value::<UnitPrice>(json!(text));
    }

    #[test]
    fn numbers_order_as_their_values(a in any::<i32>(), b in any::<i32>()) {
        let number = |n: i32| Number::parse(&format!("{}.{}", n / 10, (n % 10).abs()));
        if a / 10 != 0 && b / 10 != 0 {
            prop_assert_eq!(number(a).unwrap().cmp(&number(b).unwrap()), a.cmp(&b));
        }
    }
}
