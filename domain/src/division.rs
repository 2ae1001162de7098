//! Administrative divisions (行政区划): the six-digit codes of GB/T 2260 with their names.
//!
//! Two digits are the province, two the city, two the district; coverage of stations and channels
//! is by prefix of that code. Source and licence of the data: `data/README.md`.

use std::sync::LazyLock;

use serde::Serialize;

/// `CODE NAME`, a line a division, in the order of the codes.
static FILE: &str = include_str!("../data/divisions.txt");

static DIVISIONS: LazyLock<Vec<Division>> =
    LazyLock::new(|| FILE.lines().filter_map(Division::read).collect());

/// Digits of a code.
const CODE_LEN: usize = 6;

/// One division.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Division {
    /// Six digits.
    pub code: &'static str,
    /// Its own name (西湖区), without those above it.
    pub name: &'static str,
}

/// Which step of the ladder a division is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// `xx0000`: province, municipality, autonomous or special administrative region.
    Province,
    /// `xxxx00`: prefecture-level city.
    City,
    /// Anything finer: district, county, county-level city.
    District,
}

/// A division with the names of those above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "ts", ts(rename = "DivisionNames"))]
pub struct Names {
    /// 浙江省.
    pub province: &'static str,
    /// 杭州市; `None` where there is no city between (municipalities) or the division is a province.
    pub city: Option<&'static str>,
    /// 西湖区; `None` where the division is a city or province.
    pub district: Option<&'static str>,
}

impl Division {
    fn read(line: &'static str) -> Option<Self> {
        let (code, name) = line.split_once(' ')?;
        Some(Self { code, name })
    }

    /// Province, city or district.
    pub fn level(self) -> Level {
        match self.code.as_bytes() {
            [_, _, b'0', b'0', b'0', b'0'] => Level::Province,
            [_, _, _, _, b'0', b'0'] => Level::City,
            _ => Level::District,
        }
    }

    /// The names from the province down.
    pub fn names(self) -> Names {
        let above = |digits: usize, level: Level| {
            lookup(&format!("{:0<6}", &self.code[..digits]))
                .filter(|division| division.level() == level)
                .map(|division| division.name)
        };
        Names {
            province: above(2, Level::Province).unwrap_or(self.name),
            city: above(4, Level::City),
            district: (self.level() == Level::District).then_some(self.name),
        }
    }
}

impl std::fmt::Display for Names {
    /// 浙江省杭州市西湖区; the placeholder cities of directly governed counties are left out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.province)?;
        if let Some(city) = self.city.filter(|city| !city.ends_with("行政区划")) {
            f.write_str(city)?;
        }
        f.write_str(self.district.unwrap_or_default())
    }
}

/// All divisions in the order of their codes.
pub fn all() -> &'static [Division] {
    &DIVISIONS
}

/// The division with this code, of any level.
pub fn lookup(code: &str) -> Option<Division> {
    let all = all();
    let index = all
        .binary_search_by(|division| division.code.cmp(code))
        .ok()?;
    all.get(index).copied()
}

/// Names from the province down, of a code of any level.
pub fn names(code: &str) -> Option<Names> {
    lookup(code).map(Division::names)
}

/// Whether an address may carry this code: a district, a county, or a city that has none below it
/// (东莞, 中山, 儋州, 嘉峪关). The `xx01 市辖区` rows of the standard are no districts.
pub fn is_district(code: &str) -> bool {
    lookup(code).is_some_and(|division| match division.level() {
        Level::Province => false,
        Level::City => within(&code[..4]).len() == 1,
        Level::District => true,
    })
}

/// The divisions directly below: cities and directly governed districts of a province, districts
/// of a city. The empty code lists the provinces.
pub fn children(code: &str) -> Vec<Division> {
    if code.is_empty() {
        let provinces = all().iter().filter(|d| d.level() == Level::Province);
        return provinces.copied().collect();
    }
    let Some(parent) = lookup(code) else {
        return Vec::new();
    };
    let below = within(significant(parent.code)).iter().copied();
    match parent.level() {
        Level::Province => below.filter(|d| is_child_of_province(*d)).collect(),
        Level::City => below.filter(|d| d.level() == Level::District).collect(),
        Level::District => Vec::new(),
    }
}

/// Whether a covered area takes in a division: `33`, `3301`, `330106` and the padded `330000`,
/// `330100` all cover `330106`.
pub fn covers(area: &str, code: &str) -> bool {
    let prefix = significant(area);
    !prefix.is_empty() && code.len() == CODE_LEN && code.starts_with(prefix)
}

/// How exactly an area covers a division: the digits they share, 0 for not at all. The most exact
/// station or channel wins.
pub fn coverage(area: &str, code: &str) -> usize {
    if covers(area, code) {
        significant(area).len()
    } else {
        0
    }
}

/// A code without the padding that makes a province or city six digits long.
fn significant(code: &str) -> &str {
    if code.len() != CODE_LEN {
        return code;
    }
    match code.strip_suffix("0000") {
        Some(province) => province,
        None => code.strip_suffix("00").unwrap_or(code),
    }
}

fn is_child_of_province(division: Division) -> bool {
    match division.level() {
        Level::Province => false,
        Level::City => true,
        Level::District => division.names().city.is_none(),
    }
}

/// All divisions whose code begins with `prefix`.
fn within(prefix: &str) -> &'static [Division] {
    let all = all();
    let start = all.partition_point(|division| division.code < prefix);
    let rest = all.get(start..).unwrap_or_default();
    let count = rest.partition_point(|division| division.code.starts_with(prefix));
    rest.get(..count).unwrap_or_default()
}
