//! Messages to customers in words.

use crate::lang::pick;
use huishou_domain::pricing::Lang;
use serde_json::Value;

/// A message's text.
#[must_use]
pub fn message(code: &str, params: &Value, lang: Lang) -> String {
    let text = |key: &str| params[key].as_str().unwrap_or_default().to_owned();
    let when = format!("{} {}–{}", text("date"), text("start"), text("end"));
    let amount = text("amount");
    match (code, lang) {
        ("appointment_booked", Lang::Zh) => format!("预约成功：{when}，请留意站点确认"),
        ("appointment_booked", Lang::En) => format!("Booked for {when}; the station will confirm"),
        ("appointment_confirmed", Lang::Zh) => format!("站点已确认您的预约：{when}"),
        ("appointment_confirmed", Lang::En) => format!("The station has confirmed {when}"),
        ("appointment_rescheduled", Lang::Zh) => format!("预约时间已改为 {when}"),
        ("appointment_rescheduled", Lang::En) => format!("Moved to {when}"),
        ("collector_assigned", Lang::Zh) => format!("已安排回收员，{when} 上门"),
        ("collector_assigned", Lang::En) => format!("A collector will come, {when}"),
        ("new_estimate", Lang::Zh) => format!("预估金额已更新为 ¥{amount}，以称重后的报价为准"),
        ("new_estimate", Lang::En) => {
            format!("The estimate is now ¥{amount}; the weighed quote is what counts")
        }
        ("final_quote", Lang::Zh) => format!("称重完成，最终报价 ¥{amount}"),
        ("final_quote", Lang::En) => format!("Weighed; the final quote is ¥{amount}"),
        ("paid", Lang::Zh) => format!("已向您支付 ¥{amount}"),
        ("paid", Lang::En) => format!("¥{amount} has been paid to you"),
        _ => plain(code, lang).to_owned(),
    }
}

fn plain(code: &str, lang: Lang) -> &'static str {
    let (zh, en) = match code {
        "visit_started" => ("回收员已上门", "The collector is at the door"),
        "appointment_completed" => ("本次回收已完成，欢迎评价", "Completed; tell us how it was"),
        "appointment_cancelled" => ("预约已取消", "The appointment is cancelled"),
        _ => ("您的预约有新进展", "There is news about your appointment"),
    };
    pick(lang, zh, en)
}
