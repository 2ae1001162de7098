//! The words of problems, Chinese and English: what happened and what to do next.

use super::Problem;
use crate::lang::pick;
use huishou_domain::pricing::Lang;

/// The status in English, as RFC 9457 has it for `about:blank`.
pub(super) const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        413 => "Payload Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Entity",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Internal Server Error",
    }
}

/// The problem in one sentence.
pub(super) fn detail(problem: &Problem, lang: Lang) -> String {
    if problem.code == "validation_failed" {
        return validation(problem.errors.len(), lang);
    }
    match problem_words(&problem.code) {
        Some((zh, en)) => pick(lang, zh, en).to_owned(),
        None => by_status(problem.status, lang).to_owned(),
    }
}

fn validation(count: usize, lang: Lang) -> String {
    match (lang, count) {
        (Lang::Zh, n) => format!("有 {n} 处需要修改"),
        (Lang::En, 1) => "1 field needs a change".to_owned(),
        (Lang::En, n) => format!("{n} fields need a change"),
    }
}

const fn by_status(status: u16, lang: Lang) -> &'static str {
    match status {
        403 => pick(lang, "您没有权限进行此操作", "you may not do this"),
        404 => pick(lang, "没有找到", "not found"),
        409 => pick(
            lang,
            "当前状态下不能进行此操作，请刷新后再试",
            "not possible in the present state; reload and look again",
        ),
        429 => pick(
            lang,
            "操作太频繁，请稍后再试",
            "too many requests; try again later",
        ),
        503 | 504 => pick(
            lang,
            "服务暂时不可用，请稍后再试",
            "temporarily unavailable; try again later",
        ),
        _ => pick(lang, "请求无法处理", "the request could not be processed"),
    }
}

pub(super) fn problem_words(code: &str) -> Option<(&'static str, &'static str)> {
    Some(match code {
        "malformed_json" => ("请求内容不是有效的 JSON", "the body is not valid JSON"),
        "unsupported_media_type" => (
            "请以 application/json 发送",
            "send the body as application/json",
        ),
        "body_too_slow" => (
            "请求内容传输过慢，请检查网络后重试",
            "the body came too slowly; check the network and try again",
        ),
        "json_too_deep" => (
            "请求内容嵌套过深",
            "lists and objects lie too deep within each other",
        ),
        "headers_too_large" => (
            "请求头过大或过多",
            "the request has too many or too large headers",
        ),
        "address_too_long" => ("请求地址过长", "the address of the request is too long"),
        "overloaded" => (
            "访问人数较多，请稍后再试",
            "too many requests at once; try again in a moment",
        ),
        "body_too_large" => ("内容过大", "the body is too large"),
        "bad_content_range" => (
            "Content-Range 与内容不符",
            "Content-Range does not fit the bytes sent",
        ),
        "blob_too_large" => (
            "图片超过 10 MiB，请缩小后再传",
            "the picture is larger than 10 MiB; make it smaller",
        ),
        "blob_type_unsupported" => (
            "只接受 JPEG、PNG、WebP 图片",
            "only JPEG, PNG and WebP pictures are taken",
        ),
        "blob_not_uploaded" => (
            "图片还没有从采集它的设备传上来",
            "the picture has not come yet from the device that took it",
        ),
        "offset_mismatch" => (
            "请从 expected 所示位置继续上传",
            "go on at the place that `expected` names",
        ),
        "hash_mismatch" => (
            "图片内容与其哈希不符，请从头重传",
            "the bytes are not those of the hash; send them again from the start",
        ),
        "malformed_query" => (
            "网址中的参数无法读取",
            "the query of the address cannot be read",
        ),
        "no_appointment" => ("该订单没有预约", "the order has no appointment"),
        "quote_superseded" => (
            "已有更新的报价，请刷新",
            "there is a newer quote; look at it first",
        ),
        "already_weighed" => ("已称重", "weighed already"),
        "id_taken" => ("该编号已被使用", "this id stands for something else"),
        "price_stale" => (
            "价目已更新，请按新价目重新报价",
            "the price book has been superseded; price again",
        ),
        "price_mismatch" => (
            "金额与价目不符，请重新报价",
            "the amount is not what the price book says; price again",
        ),
        "unknown_book" => ("没有这个价目版本", "there is no such price book"),
        "route_not_found" => ("没有这个接口", "there is no such interface"),
        "method_not_allowed" => (
            "此接口不支持该方法",
            "the interface does not know this method",
        ),
        "missing_token" => ("请先登录", "sign in first"),
        "invalid_token" => (
            "登录凭证无效，请重新登录",
            "the token is not valid; sign in again",
        ),
        "token_expired" => (
            "登录已过期，请刷新凭证",
            "the token has expired; refresh it",
        ),
        "invalid_code" => (
            "微信返回的凭证无效或已过期，请重试",
            "the code from WeChat is not valid or too old; get a new one",
        ),
        "code_used" => (
            "微信返回的凭证已被使用，请重试",
            "the code from WeChat has been used; get a new one",
        ),
        "high_risk_user" => (
            "该微信账号暂不能登录",
            "WeChat does not let this account sign in",
        ),
        "wechat_busy" => (
            "微信服务繁忙，请稍后再试",
            "WeChat is busy; try again in a moment",
        ),
        "rate_limited" => (
            "操作太频繁，请稍后再试",
            "too many requests; try again later",
        ),
        "idempotency_key_required" => (
            "缺少 Idempotency-Key",
            "the header Idempotency-Key is required",
        ),
        "idempotency_key_invalid" => (
            "Idempotency-Key 应为 8–64 个可见 ASCII 字符",
            "Idempotency-Key must be 8 to 64 visible ASCII characters",
        ),
        "idempotency_mismatch" => (
            "同一 Idempotency-Key 已用于不同内容",
            "this Idempotency-Key was used with other contents",
        ),
        "idempotency_in_progress" => (
            "相同的请求正在处理，请稍候",
            "the same request is being processed; wait a moment",
        ),
        "version_conflict" => (
            "内容已被更新，请查看最新状态后再试",
            "it has changed meanwhile; look at its present state and try again",
        ),
        "slot_full" => (
            "该时段已约满，请选择其他时段",
            "this slot is full; choose another",
        ),
        "in_service" => ("回收员已上门，不能再修改", "the visit has begun"),
        "already_completed" => ("已完成", "already completed"),
        "already_cancelled" => ("已取消", "already cancelled"),
        "already_paid" => ("已支付", "already paid"),
        "not_weighed" => (
            "尚未称重，暂无最终报价",
            "not weighed yet; there is no final quote",
        ),
        "unknown_quote" => (
            "该报价不属于此订单，请刷新",
            "the quote is not one of this order's; reload",
        ),
        "not_completed" => (
            "服务完成后才能评价",
            "it can be reviewed once it is completed",
        ),
        "already_reviewed" => ("已评价过", "already reviewed"),
        "signature_incomplete" => (
            "缺少或不完整的签名，需要 App-Key、Timestamp、Nonce（8–64 个可见 ASCII 字符）和 Signature",
            "the call is not signed: App-Key, Timestamp, Nonce (8 to 64 visible ASCII characters) and Signature are needed",
        ),
        "timestamp_off" => (
            "Timestamp 应为 Unix 秒，且与服务器时间相差不超过 300 秒",
            "Timestamp must be Unix seconds within 300 seconds of the server's time",
        ),
        "signature_wrong" => (
            "签名不正确，请核对 App-Key、密钥和签名内容",
            "the signature does not fit; check App-Key, secret and what is signed",
        ),
        "nonce_used" => (
            "该 Nonce 已使用过，请换一个并重新签名",
            "this nonce has been used; take another and sign again",
        ),
        "app_key_revoked" => ("该 App-Key 已停用", "this app key has ended"),
        "quota_exceeded" => ("今日调用次数已用完", "today's calls are used up"),
        "no_phone" => (
            "没有取得手机号，请重试",
            "no phone number was given; try again",
        ),
        "not_found" => ("没有找到", "not found"),
        "forbidden" => ("您没有权限进行此操作", "you may not do this"),
        "timeout" => ("处理超时，请稍后再试", "it took too long; try again"),
        "database_busy" => (
            "服务器正忙，请稍后再试",
            "the server is busy; try again in a moment",
        ),
        "archived" => (
            "该月的订单已归档，请联系站点查询",
            "the orders of that month are in the archive; ask the depot for them",
        ),
        "database_unavailable" => (
            "数据库暂时不可用，请稍后再试",
            "the database is not available; try again in a moment",
        ),
        "internal" => (
            "服务器内部错误，请稍后再试",
            "something went wrong on our side; try again later",
        ),
        "device_revoked" => (
            "此设备已被停用，请联系管理员",
            "this device has been shut out; ask an administrator",
        ),
        "device_unknown" => (
            "此设备尚未登记，请用配对码登记",
            "this device is not registered; register it with a pairing code",
        ),
        "device_known" => (
            "此设备已登记，请直接登录",
            "this device is registered already; just sign in",
        ),
        "bad_signature" => (
            "设备签名不正确，请重新登记此设备",
            "the device's signature does not fit; register the device again",
        ),
        "bad_credentials" => ("用户名或密码不正确", "user name or password is not right"),
        "session_ended" => (
            "登录已结束，请重新登录",
            "the session is over; sign in again",
        ),
        "too_many_listeners" => ("同时监听的连接过多", "too many connections listen at once"),
        "too_many_attempts" => (
            "尝试次数过多，请稍后再试",
            "too many attempts; wait a while and try again",
        ),
        "bad_pairing_code" => (
            "配对码不正确，请核对后重新输入",
            "there is no such pairing code; check it and type it again",
        ),
        "pairing_code_used" => (
            "配对码已被使用，请向管理员索取新的配对码",
            "this pairing code has been used; ask an administrator for another",
        ),
        "pairing_code_expired" => (
            "配对码已过期，请向管理员索取新的配对码",
            "this pairing code is too old; ask an administrator for another",
        ),
        "not_this_devices_key" => (
            "恢复文件不属于此设备，无法取回密钥",
            "this recovery file is not the device's own; its key cannot be given back",
        ),
        "not_revoked" => (
            "此设备未被停用，请照常同步",
            "this device is not shut out; sync as usual",
        ),
        "quarantine_full" => (
            "此设备交回的记录过多，请联系管理员",
            "this device has handed in too much; ask an administrator",
        ),
        "wrong_device" => (
            "登录凭证属于另一台设备",
            "the token belongs to another device",
        ),
        "bad_cursor" => (
            "同步位置无效，请重新同步",
            "the sync cursor is not valid; start a fresh pull",
        ),
        "push_too_large" => (
            "一次上传的内容过多，请分批上传",
            "too much in one push; send less at a time",
        ),
        "stale_incarnation" => (
            "此设备的数据来自较早的副本，请重新登录并同步",
            "this device's store is an older copy; sign in again and pull",
        ),
        "upgrade_required" => (
            "应用版本过旧，请先升级",
            "this version of the app is too old; upgrade it first",
        ),
        "version_taken" => (
            "已有新的价目版本，请刷新后再发布",
            "another version was published meanwhile; look at it first",
        ),
        "refresh_invalid" => (
            "登录已失效，请重新登录",
            "the session is over; sign in again",
        ),
        "refresh_reused" => (
            "登录凭证被重复使用，已全部退出，请重新登录",
            "a used token came again; all sessions ended, sign in again",
        ),
        _ => return None,
    })
}

/// One bad field in a sentence.
pub(super) fn field(field: &str, code: &str, lang: Lang) -> String {
    let (zh, en) = match code {
        "required" => ("必填", "required"),
        "type" => ("格式不正确", "not of the right form"),
        "out_of_range" => range(field),
        "overlaps" => ("与另一时段重叠", "overlaps another slot"),
        "own_account" => (
            "不能停用自己，也不能更改自己的角色",
            "you cannot shut yourself out or change your own role",
        ),
        "effective_from_too_early" => (
            "生效时间不能早于最近发布的价目",
            "it cannot come into force before the newest price book published",
        ),
        "too_short" => length(field, false),
        "too_long" => length(field, true),
        "mobile" => ("请输入 11 位手机号", "enter an 11-digit mobile number"),
        "unknown_category" => ("不回收此类物品", "goods of this kind are not taken"),
        "unknown_division" => ("请选择正确的区县", "choose a district"),
        "not_served" => ("该地区暂未开通服务", "this area is not served yet"),
        "too_soon" => ("预约时间需至少提前 1 小时", "at least one hour ahead"),
        "too_late" => ("预约时间最多提前 1 个月", "at most one month ahead"),
        "outside_slots" => ("请选择可预约的时段", "choose one of the slots offered"),
        "quantity_conflict" => ("数量与称重只能填一项", "either a quantity or a weighing"),
        "unit_mismatch" => (
            "按件计价的物品不需称重",
            "goods counted by the piece are not weighed",
        ),
        "missing_quantity" => ("请填写数量", "state how much"),
        "invalid_quantity" => ("数量不正确", "the quantity is not possible"),
        "invalid_weighing" => ("称重数据不正确", "the weighing is not possible"),
        "attribute_type" => ("应填数字", "must be a number"),
        "amount_too_large" => ("金额过大", "the amount is too large"),
        "empty" => ("请至少添加一件物品", "add at least one item"),
        "taken" => ("已被使用，请换一个", "taken already; choose another"),
        "unknown_station" => ("没有这个站点", "there is no such station"),
        "invalid_book" => ("价目内容不正确", "the rules are not a valid price book"),
        _ => ("不正确", "not acceptable"),
    };
    pick(lang, zh, en).to_owned()
}

fn range(field: &str) -> (&'static str, &'static str) {
    if field == "limit" {
        ("每页 1 至 100 条", "1 to 100 a page")
    } else if field == "stars" {
        ("请给 1 至 5 星", "one to five stars")
    } else {
        ("超出允许的范围", "out of range")
    }
}

fn length(field: &str, long: bool) -> (&'static str, &'static str) {
    match (field, long) {
        ("address.detail", false) => ("详细地址至少 5 个字", "at least 5 characters"),
        ("address.detail", true) => ("详细地址最多 200 个字", "at most 200 characters"),
        (_, false) => ("太短", "too short"),
        (_, true) => ("太长", "too long"),
    }
}
