//! Division codes: what an address may carry, and which area covers it.

use huishou_domain::division::{
    Level, all, children, coverage, covers, is_district, lookup, names,
};

#[test]
fn a_district_has_its_names_from_the_province_down() {
    let west_lake = names("330106").unwrap();
    assert_eq!(west_lake.to_string(), "浙江省杭州市西湖区");
    assert_eq!(west_lake.city, Some("杭州市"));
    assert_eq!(
        names("110105").unwrap().to_string(),
        "北京市朝阳区",
        "no city between"
    );
    assert_eq!(
        names("429004").unwrap().to_string(),
        "湖北省仙桃市",
        "governed by the province"
    );
    assert_eq!(names("330100").unwrap().to_string(), "浙江省杭州市");
    assert_eq!(names("810001").unwrap().to_string(), "香港特别行政区中西区");
    assert_eq!(names("33").map(|names| names.to_string()), None);
}

#[test]
fn only_districts_and_undivided_cities_may_stand_in_an_address() {
    for code in [
        "330106", "110101", "429004", "419001", "441900", "442000", "460400", "620200", "810001",
    ] {
        assert!(is_district(code), "{code}");
    }
    for code in [
        "330100",
        "330000",
        "330101",
        "110100",
        "999999",
        "",
        "33010",
        "3301060",
        "西湖区",
    ] {
        assert!(!is_district(code), "{code:?}");
    }
}

#[test]
fn the_standards_placeholder_rows_are_no_districts() {
    assert!(all().iter().all(|division| division.name != "市辖区"));
    assert_eq!(lookup("330101"), None);
}

#[test]
fn children_are_the_next_step_down() {
    assert_eq!(children("").len(), 34);
    let zhejiang = children("330000");
    assert_eq!(zhejiang.len(), 11);
    assert!(
        zhejiang
            .iter()
            .all(|division| division.level() == Level::City)
    );
    assert!(
        children("330100")
            .iter()
            .any(|division| division.name == "西湖区")
    );
    assert!(
        children("330100")
            .iter()
            .all(|division| division.code.starts_with("3301"))
    );
    assert!(
        children("110000")
            .iter()
            .any(|division| division.code == "110105"),
        "no city between"
    );
    assert!(children("330106").is_empty());
    assert!(children("nowhere").is_empty());
}

#[test]
fn every_division_is_found_and_hangs_below_its_parent() {
    assert!(all().len() > 3_000);
    assert!(
        all().is_sorted_by(|a, b| a.code < b.code),
        "in order, each once"
    );
    for division in all() {
        assert_eq!(lookup(division.code), Some(*division));
        let parent = match (division.level(), division.names().city) {
            (Level::Province, _) => String::new(),
            (Level::District, Some(_)) => format!("{}00", &division.code[..4]),
            _ => format!("{}0000", &division.code[..2]),
        };
        assert!(children(&parent).contains(division), "{division:?}");
    }
}

#[test]
fn an_area_covers_by_prefix_and_the_most_exact_wins() {
    for area in ["33", "3301", "330106", "330000", "330100"] {
        assert!(covers(area, "330106"), "{area}");
    }
    for area in ["", "34", "3302", "330105", "330200", "3301061"] {
        assert!(!covers(area, "330106"), "{area:?}");
    }
    assert!(
        !covers("330106", "330100"),
        "a district does not cover its city"
    );
    assert!(coverage("330106", "330106") > coverage("330100", "330106"));
    assert_eq!(coverage("3301", "330106"), coverage("330100", "330106"));
    assert_eq!(coverage("44", "330106"), 0);
}
