//! The shared golden cases: what any implementation of the rules must reproduce to the letter.

use huishou_domain::price_book::{self, EffectiveFrom, PriceBook};
use huishou_domain::pricing::{Book, price_line_json};
use serde_json::{Value, json};
use uuid::Uuid;

const PRICING: &str = include_str!("../vectors/pricing.ndjson");
const HASH: &str = include_str!("../vectors/price-book-hash.json");

fn cases() -> impl Iterator<Item = Value> {
    PRICING
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
}

fn hash_vector() -> (PriceBook, Value) {
    let vector: Value = serde_json::from_str(HASH).unwrap();
    let book = &vector["book"];
    let book = PriceBook::publish(
        Uuid::nil().into(),
        book["city"].as_str().unwrap(),
        7,
        EffectiveFrom::parse(book["effective_from"].as_str().unwrap()).unwrap(),
        book["rules"].as_array().unwrap().clone(),
    )
    .unwrap();
    (book, vector)
}

#[test]
fn every_golden_case_is_priced_or_refused_to_the_letter() {
    let mut count = 0;
    for (index, case) in cases().enumerate() {
        assert_eq!(price_line_json(&case), case["expect"], "case {index}");
        count += 1;
    }
    assert_eq!(count, 160, "all cases were read");
}

#[test]
fn the_traced_price_is_the_price() {
    for (index, case) in cases().enumerate() {
        let Ok(book) = Book::parse(&case["book"]) else {
            continue;
        };
        let items = case["items"].as_array().unwrap();
        let traced = book.price_traced(items);
        let plain = book.price(items);
        assert_eq!(traced.map(|(priced, _)| priced), plain, "case {index}");
    }
}

#[test]
fn a_price_books_hash_is_that_of_its_canonical_text() {
    let (book, vector) = hash_vector();
    assert_eq!(book.canonical(), vector["canonical"].as_str().unwrap());
    assert_eq!(book.hash(), vector["sha256"].as_str().unwrap());
    assert_eq!(book.hash, book.hash());
    book.verify().unwrap();
}

#[test]
fn the_demo_book_is_sealed_and_priceable() {
    let demo = price_book::demo();
    demo.verify().unwrap();
    assert_eq!((demo.city.as_str(), demo.version), ("330100", 1));
    assert_eq!(demo.catalogue().len(), 20);
    let book = demo.compile().unwrap();
    let fridge = json!([{"category": "electronic/fridge", "quantity": "1",
        "attributes": {"volume_l": "220", "cools": true, "complete": true}}]);
    let priced = book.price(fridge.as_array().unwrap()).unwrap();
    assert_eq!(priced.total.to_string(), "120.00");
}
