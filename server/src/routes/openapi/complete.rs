//! What is the same all over the interface and would be said a hundred times beside the handlers: names of operations,
//! forms of parameters, answers that any call may get, their headers, forms of fields, and how one call leads to
//! another ([`super::links`]).

use serde_json::{Map, Value, json};

/// Names of operations whose handlers are called alike in their own files.
const NAMES: [(&str, &str, &str); 18] = [
    ("get", "/admin/v1/quarantine", "list_quarantine"),
    (
        "post",
        "/admin/v1/quarantine/{id}/resolve",
        "resolve_quarantined",
    ),
    ("get", "/admin/v1/devices", "list_all_devices"),
    ("get", "/staff/v1/devices", "list_own_devices"),
    (
        "post",
        "/staff/v1/sessions/refresh",
        "refresh_staff_session",
    ),
    ("post", "/api/v1/sessions/refresh", "refresh_session"),
    ("get", "/api/v1/appointments", "list_appointments"),
    ("post", "/api/v1/appointments", "book"),
    ("get", "/api/v1/appointments/{id}", "appointment"),
    ("post", "/api/v1/appointments/{id}/accept", "accept_quote"),
    ("post", "/api/v1/appointments/{id}/cancel", "cancel"),
    ("post", "/api/v1/appointments/{id}/reschedule", "reschedule"),
    ("post", "/api/v1/appointments/{id}/review", "review"),
    ("get", "/api/v1/orders", "list_orders"),
    ("get", "/api/v1/orders/{id}", "order"),
    ("get", "/api/v1/me", "me"),
    ("patch", "/api/v1/me", "change_me"),
    ("delete", "/api/v1/me", "forget_me"),
];

/// Completes the document.
pub(super) fn complete(document: &mut Value) {
    let paths = document["paths"].as_object_mut();
    for (path, operations) in paths.into_iter().flatten() {
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            let name = NAMES.iter().find(|n| n.0 == method && n.1 == path);
            if let Some((_, _, name)) = name {
                operation["operationId"] = json!(name);
            }
            let parameters = operation.get_mut("parameters");
            for parameter in parameters
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                form_parameter(parameter);
            }
            answers(method, path, operation);
        }
    }
    super::links::link(document);
    let schemas = document["components"]["schemas"].as_object_mut();
    for (_, schema) in schemas.into_iter().flatten() {
        form_fields(schema);
    }
}

/// What a parameter of this name looks like wherever it stands.
fn form_parameter(parameter: &mut Value) {
    let name = parameter["name"].as_str().unwrap_or_default();
    let is_path = parameter["in"] == "path";
    let (schema, example) = match name {
        "Idempotency-Key" => (
            json!({"type": "string", "minLength": 8, "maxLength": 64, "pattern": "^[!-~]{8,64}$"}),
            json!("8f14e45fceea167a5a36dedd4bea2543"),
        ),
        "If-None-Match" => (json!({"type": "string"}), json!("\"6ee5\"")),
        "id" if is_path && parameter["schema"]["type"] == "integer" => (
            json!({"type": "integer", "format": "int64", "minimum": 1}),
            json!(1),
        ),
        "id" | "station" => (
            json!({"type": "string", "format": "uuid"}),
            json!("019b7523-3400-7000-8000-000000000003"),
        ),
        "sha256" => (
            json!({"type": "string", "pattern": "^[0-9a-f]{64}$"}),
            json!("0".repeat(64)),
        ),
        "limit" => (
            json!({"type": "integer", "minimum": 1, "maximum": 100}),
            json!(20),
        ),
        "after" => (json!({"type": "string"}), Value::Null),
        // Left empty is left out.
        "city" if parameter["required"] != true => (
            json!({"type": "string", "pattern": "^([0-9]{6})?$"}),
            json!("330100"),
        ),
        "city" => (
            json!({"type": "string", "pattern": "^[0-9]{6}$"}),
            json!("330100"),
        ),
        "division" => (
            json!({"type": "string", "pattern": "^[0-9]{6}$"}),
            json!("330106"),
        ),
        "Content-Range" => (
            json!({"type": "string", "pattern": "^bytes [0-9]{1,8}-[0-9]{1,8}/[0-9]{1,8}$"}),
            Value::Null,
        ),
        "wait" | "life" => (
            json!({"type": "integer", "minimum": 0, "maximum": 300}),
            json!(0),
        ),
        "since" => (
            json!({"type": "integer", "format": "int64", "minimum": 0}),
            json!(0),
        ),
        "date" => (
            json!({"type": "string", "format": "date"}),
            json!("2026-11-24"),
        ),
        "status" => (
            json!({"type": "integer", "minimum": 0, "maximum": 4}),
            Value::Null,
        ),
        "fields" => (json!({"type": "string", "enum": ["summary"]}), Value::Null),
        "mode" => (
            json!({"type": "string", "enum": ["leave", "stolen"]}),
            Value::Null,
        ),
        _ => return,
    };
    parameter["schema"] = schema;
    let rest = parameter.as_object_mut();
    if let Some(rest) = rest {
        rest.remove("example");
        if !example.is_null() {
            rest.insert("example".to_owned(), example);
        }
    }
}

/// Answers that follow from what a call takes, each a problem.
fn answers(method: &str, path: &str, operation: &mut Value) {
    let has = |name: &str| {
        let list = operation["parameters"].as_array();
        list.is_some_and(|list| list.iter().any(|p| p["name"] == name))
    };
    let (keyed, has_body) = (
        has("Idempotency-Key"),
        operation.get("requestBody").is_some(),
    );
    let takes_query = operation["parameters"]
        .as_array()
        .is_some_and(|list| list.iter().any(|p| p["in"] == "query"));
    let mut more: Vec<(&str, &str)> = vec![
        ("414", "address_too_long"),
        ("429", "rate_limited; with Retry-After"),
        ("431", "headers_too_large"),
    ];
    if has_body {
        more.push(("400", "malformed_json, json_too_deep"));
        more.push(("408", "body_too_slow"));
        more.push(("415", "unsupported_media_type"));
        more.push(("422", "validation_failed with errors[]"));
    }
    if keyed {
        more.push(("400", "idempotency_key_invalid"));
        more.push(("409", "idempotency_in_progress"));
        more.push(("422", "idempotency_mismatch"));
    }
    if takes_query {
        more.push(("400", "malformed_query"));
        more.push(("422", "validation_failed with errors[]"));
    }
    if path.contains('{') {
        more.push(("404", "not_found: no such thing, or not the caller's"));
    }
    if operation.get("security").is_some() {
        more.push((
            "401",
            "missing_token, invalid_token, token_expired, session_ended",
        ));
    }
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    for (status, codes) in more {
        let new = || json!({"description": codes});
        responses.entry(status).or_insert_with(new);
    }
    let is_tagged = responses.contains_key("304");
    for (status, response) in responses {
        dress(method, status, response, is_tagged);
    }
}

/// The headers and, for problems, the body that every answer of this status has.
fn dress(method: &str, status: &str, response: &mut Value, is_tagged: bool) {
    let header = |about: &str, schema: Value| json!({"description": about, "required": true, "schema": schema});
    let mut headers = Map::new();
    let id = json!({"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$"});
    headers.insert(
        "X-Request-Id".to_owned(),
        header("As the caller sent it, or made here", id),
    );
    if matches!(status, "429" | "503") {
        let seconds = json!({"type": "integer", "minimum": 0});
        headers.insert("Retry-After".to_owned(), header("Seconds", seconds));
    }
    if status == "429" {
        let abouts = [
            ("RateLimit-Limit", "Tokens of the full bucket"),
            ("RateLimit-Remaining", "Tokens left in it"),
            ("RateLimit-Reset", "Seconds until it is full again"),
        ];
        for (name, about) in abouts {
            let schema = json!({"type": "integer", "minimum": 0});
            let told = json!({"description": about, "schema": schema});
            headers.insert(name.to_owned(), told);
        }
    }
    if status == "401" {
        let scheme = json!({"type": "string"});
        headers.insert(
            "WWW-Authenticate".to_owned(),
            header("How to be known", scheme),
        );
    }
    if is_tagged && matches!(status, "200" | "304") {
        let tag = json!({"type": "string", "pattern": "^\".+\"$"});
        headers.insert("ETag".to_owned(), header("For If-None-Match", tag));
    }
    for (name, header) in headers {
        response["headers"][name] = header;
    }
    if response["description"] == "" {
        response["description"] = json!("Done");
    }
    if status >= "400" && method != "head" && response.get("content").is_none() {
        let problem = json!({"schema": {"$ref": "#/components/schemas/ProblemShape"}});
        response["content"] = json!({"application/problem+json": problem});
    }
}

/// What fields of these names look like in whatever shape they stand.
fn form_fields(schema: &mut Value) {
    let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, field) in fields.into_iter().flatten() {
        let is_text = field["type"] == "string" || field["type"] == json!(["string", "null"]);
        if !is_text || field.get("format").is_some() || field.get("pattern").is_some() {
            continue;
        }
        match name.as_str() {
            "id" | "user_id" | "station_id" | "order_id" | "appointment_id" | "quote_id"
            | "payment_id" | "assignee" | "device" => field["format"] = json!("uuid"),
            "amount" | "total" | "due" => field["pattern"] = json!(r"^-?[0-9]+\.[0-9]{2}$"),
            "appointment_time" | "server_time" | "at" | "previous_until" => {
                field["format"] = json!("date-time");
            }
            "city" | "division" => field["pattern"] = json!("^[0-9]{6}$"),
            name if name.ends_with("_at") => field["format"] = json!("date-time"),
            _ => {}
        }
    }
}
