//! Who lives in the demo city, what they want collected, and how far each visit has come.

use serde_json::{Value, json};

/// How far a visit has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Booked,
    Assigned,
    Confirmed,
    Started,
    Weighed,
    Paid,
    Completed,
}

pub(super) struct Plan {
    /// 0 today, 1 tomorrow.
    pub(super) day: u64,
    pub(super) hour: u32,
    pub(super) name: &'static str,
    pub(super) phone: &'static str,
    pub(super) division: &'static str,
    pub(super) detail: &'static str,
    pub(super) note: &'static str,
    pub(super) goods: fn() -> Value,
    pub(super) collector: Option<&'static str>,
    pub(super) stage: Stage,
}

const fn plan(
    when: (u64, u32),
    who: (&'static str, &'static str),
    place: (&'static str, &'static str, &'static str),
    goods: fn() -> Value,
    collector: Option<&'static str>,
    stage: Stage,
) -> Plan {
    Plan {
        day: when.0,
        hour: when.1,
        name: who.0,
        phone: who.1,
        division: place.0,
        detail: place.1,
        note: place.2,
        goods,
        collector,
        stage,
    }
}

fn paper() -> Value {
    json!([{"category": "paper/cardboard", "quantity": "18.5", "attributes": {"moisture": "8"}}, {"category": "paper/newspaper", "quantity": "6"}])
}

fn fridge() -> Value {
    json!([{"category": "electronic/fridge", "quantity": "1", "attributes": {"volume_l": "220", "complete": true}, "note": "双门，可通电"}])
}

fn metals() -> Value {
    json!([{"category": "metal/iron", "quantity": "35"}, {"category": "metal/copper", "quantity": "2.4"}, {"category": "metal/aluminium", "quantity": "5"}])
}

fn household() -> Value {
    json!([{"category": "plastic/pet", "quantity": "4.2"}, {"category": "paper/cardboard", "quantity": "9"}, {"category": "textile/summer", "quantity": "7"}])
}

pub(super) const PLANS: &[Plan] = &[
    plan(
        (0, 8),
        ("王女士", "13800002046"),
        ("330106", "文三路 90 号 3 幢 2 单元 501", "有电梯"),
        paper,
        Some("zhang"),
        Stage::Completed,
    ),
    plan(
        (0, 8),
        ("陈先生", "13800001207"),
        ("330106", "古墩路 656 号西溪花园 12 幢 1102", ""),
        metals,
        Some("li"),
        Stage::Paid,
    ),
    plan(
        (0, 10),
        ("刘阿姨", "13900003318"),
        (
            "330105",
            "莫干山路 111 号翠苑三区 26 幢 402",
            "六楼，无电梯",
        ),
        household,
        Some("zhang"),
        Stage::Weighed,
    ),
    plan(
        (0, 10),
        ("赵先生", "13700004429"),
        ("330110", "文一西路 969 号 5 号楼 301", "门口电话联系"),
        fridge,
        Some("li"),
        Stage::Started,
    ),
    plan(
        (0, 12),
        ("孙女士", "13600005530"),
        ("330106", "天目山路 248 号 8 幢 1 单元 602", ""),
        paper,
        Some("zhang"),
        Stage::Confirmed,
    ),
    plan(
        (0, 14),
        ("周先生", "13500006641"),
        ("330106", "学院路 77 号黄龙雅苑 4 幢 901", "请带袋子"),
        household,
        Some("zhang"),
        Stage::Confirmed,
    ),
    plan(
        (0, 16),
        ("吴女士", "15800007752"),
        ("330105", "湖墅南路 186 号美都广场 B 座 1503", ""),
        metals,
        Some("li"),
        Stage::Confirmed,
    ),
    plan(
        (0, 18),
        ("郑先生", "15900008863"),
        ("330106", "求是路 8 号公元大厦 2 幢 1606", "下班后在家"),
        paper,
        Some("zhang"),
        Stage::Assigned,
    ),
    plan(
        (1, 8),
        ("冯女士", "18800009974"),
        ("330106", "教工路 198 号 3 幢 703", ""),
        fridge,
        Some("zhang"),
        Stage::Confirmed,
    ),
    plan(
        (1, 10),
        ("褚先生", "18900001085"),
        ("330105", "沈半路 2 号北城枫景园 9 幢 203", "纸箱较多"),
        paper,
        Some("li"),
        Stage::Confirmed,
    ),
    plan(
        (1, 10),
        ("卫女士", "17700002196"),
        ("330106", "留和路 129 号 11 幢 101", ""),
        household,
        Some("zhang"),
        Stage::Assigned,
    ),
    plan(
        (1, 14),
        ("蒋先生", "17600003207"),
        ("330113", "临平大道 502 号 6 幢 1201", "仓库清理"),
        metals,
        None,
        Stage::Booked,
    ),
    plan(
        (1, 16),
        ("沈女士", "18600004318"),
        ("330109", "市心北路 99 号 2 幢 1804", ""),
        household,
        None,
        Stage::Booked,
    ),
    plan(
        (1, 18),
        ("韩先生", "18500005429"),
        ("330102", "秋涛北路 76 号 1 幢 506", ""),
        paper,
        None,
        Stage::Booked,
    ),
];
