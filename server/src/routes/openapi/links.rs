//! How one call leads to another: what was booked can be looked at, moved, called off, accepted and reviewed by its id.

use serde_json::{Value, json};

/// Whatever answers an appointment, and where in the answer it stands.
const APPOINTMENTS: [(&str, &str, &str, &str); 6] = [
    ("/api/v1/appointments", "post", "201", ""),
    ("/api/v1/appointments", "get", "200", "/items/0"),
    ("/api/v1/appointments/{id}", "get", "200", ""),
    ("/open/v1/appointments", "post", "201", ""),
    ("/open/v1/appointments", "get", "200", "/items/0"),
    ("/open/v1/appointments/{id}", "get", "200", ""),
];

/// Whatever else leads on by an id: from, to, the parameter, where it stands in the answer.
const OTHERS: [(&str, &str, &str, &str, &str); 8] = [
    ("/api/v1/orders", "get", "200", "order", "/items/0/id"),
    ("/admin/v1/staff", "post", "201", "change_staff", "/id"),
    ("/admin/v1/app-keys", "post", "201", "rotate_app_key", "/id"),
    ("/admin/v1/app-keys", "post", "201", "revoke_app_key", "/id"),
    (
        "/admin/v1/disputed",
        "get",
        "200",
        "resolve_disputed",
        "/items/0/id",
    ),
    (
        "/admin/v1/quarantine",
        "get",
        "200",
        "resolve_quarantined",
        "/items/0/id",
    ),
    (
        "/admin/v1/reviews",
        "get",
        "200",
        "resolve_review",
        "/items/0/id",
    ),
    (
        "/staff/v1/devices",
        "get",
        "200",
        "revoke_device",
        "/items/0/id",
    ),
];

/// Writes the links into the answers they start from.
pub(super) fn link(document: &mut Value) {
    for (path, method, status, at) in APPOINTMENTS {
        let links = of_appointment(path.starts_with("/open"), at);
        add(document, path, method, status, links);
    }
    for (path, method, status, to, id) in OTHERS {
        let links = json!({to: by_id(to, id)});
        add(document, path, method, status, links);
    }
}

fn by_id(operation: &str, pointer: &str) -> Value {
    json!({"operationId": operation, "parameters": {"id": format!("$response.body#{pointer}")}})
}

fn of_appointment(open: bool, at: &str) -> Value {
    let name = |customer: &str, partner: &str| if open { partner } else { customer }.to_owned();
    let to = |operation: String| by_id(&operation, &format!("{at}/id"));
    let version = format!("$response.body#{at}/version");
    let mut cancel = to(name("cancel", "open_cancel"));
    cancel["requestBody"] = json!({"reason": "customer_request", "expect_version": version});
    let mut reschedule = to(name("reschedule", "open_reschedule"));
    reschedule["requestBody"] = json!({"appointment_time": format!("$response.body#{at}/appointment_time"), "expect_version": version});
    let order = by_id(&name("order", "open_order"), &format!("{at}/order_id"));
    let mut links = json!({
        "appointment": to(name("appointment", "open_appointment")),
        "order": order,
        "cancel": cancel,
        "reschedule": reschedule,
    });
    if !open {
        let mut accept = to("accept_quote".to_owned());
        accept["requestBody"] = json!({"quote_id": format!("$response.body#{at}/final/id")});
        links["accept"] = accept;
        links["review"] = to("review".to_owned());
    }
    links
}

fn add(document: &mut Value, path: &str, method: &str, status: &str, links: Value) {
    let response = document["paths"]
        .get_mut(path)
        .and_then(|path| path.get_mut(method))
        .and_then(|operation| operation["responses"].get_mut(status));
    let Some(response) = response else { return };
    for (name, link) in links.as_object().into_iter().flatten() {
        response["links"][name] = link.clone();
    }
}
