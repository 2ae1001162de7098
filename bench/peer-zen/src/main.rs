//! `peer-zen CASES SECONDS`: prices the items of a file by its rules with GoRules' zen-engine, and prints
//! `{"fen": […], "priced": n, "seconds": s}`: what each item comes to, and how many were priced in that time.
//!
//! As its makers mean it: a graph, compiled once: a switch by category, then an expression node that walks the factors.

use serde_json::{Value, json};
use std::{
    error::Error,
    time::{Duration, Instant},
};
use zen_engine::{Decision, DecisionEngine, model::DecisionContent};
use zen_expression::variable::Variable;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("CASES")?;
    let seconds: f64 = arguments.next().ok_or("SECONDS")?.parse()?;
    let cases: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let content: DecisionContent = serde_json::from_value(graph(&cases["rules"])?)?;
    let mut decision = DecisionEngine::default()
        .create_decision(content.into())
        .map_err(|error| format!("{error:?}"))?;
    decision.compile();
    let items = cases["items"].as_array().ok_or("items")?;
    let items: Vec<Variable> = items.iter().cloned().map(Variable::from).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let mut fen = Vec::new();
        for item in &items {
            fen.push(price(&decision, item).await?);
        }
        let (began, mut priced, limit) = (Instant::now(), 0_u64, Duration::from_secs_f64(seconds));
        while began.elapsed() < limit {
            for item in &items {
                std::hint::black_box(price(&decision, item).await?);
                priced += 1;
            }
        }
        let took = began.elapsed().as_secs_f64();
        println!("{}", json!({"fen": fen, "priced": priced, "seconds": took}));
        Ok(())
    })
}

async fn price(decision: &Decision, item: &Variable) -> Result<i64, Box<dyn Error>> {
    let answer = decision
        .evaluate(item.clone())
        .await
        .map_err(|error| format!("{error:?}"))?;
    let fen = answer.result.dot("fen").ok_or("no fen")?;
    let text = fen.to_value().to_string();
    Ok(text.parse::<f64>()?.round() as i64)
}

fn graph(rules: &Value) -> Result<Value, Box<dyn Error>> {
    let mut nodes = vec![
        json!({"id": "in", "name": "in", "type": "inputNode", "content": {}}),
        json!({"id": "out", "name": "out", "type": "outputNode", "content": {}}),
    ];
    let mut edges = vec![json!({"id": "first", "sourceId": "in", "targetId": "switch"})];
    let mut statements = Vec::new();
    for (index, rule) in rules.as_array().ok_or("rules")?.iter().enumerate() {
        let id = format!("rule{index}");
        statements.push(
            json!({"id": id, "condition": format!("category == '{}'", text(rule, "category")?)}),
        );
        nodes.push(json!({"id": id, "name": id, "type": "expressionNode", "content": {"expressions": expressions(rule)?}}));
        edges.push(json!({"id": format!("to{index}"), "sourceId": "switch", "targetId": id, "sourceHandle": id}));
        edges.push(json!({"id": format!("from{index}"), "sourceId": id, "targetId": "out"}));
    }
    nodes.push(
        json!({"id": "switch", "name": "switch", "type": "switchNode",
        "content": {"hitPolicy": "first", "statements": statements}}),
    );
    Ok(json!({"nodes": nodes, "edges": edges}))
}

/// The price after each factor, then the amount in fen, rounded half up.
fn expressions(rule: &Value) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut list = vec![json!({"id": "p0", "key": "p0", "value": text(rule, "base_price")?})];
    for (index, factor) in rule["factors"].as_array().into_iter().flatten().enumerate() {
        let (before, after) = (format!("$.p{index}"), format!("p{}", index + 1));
        let (holds, value) = (condition(factor)?, text(factor, "value")?);
        let new = match text(factor, "operation")? {
            "multiply" => format!("{before} * {value}"),
            "add" => format!("{before} + {value}"),
            "subtract" => format!("{before} - {value}"),
            "set" => value.to_owned(),
            "at_least" => format!("max([{before}, {value}])"),
            _ => format!("min([{before}, {value}])"),
        };
        list.push(
            json!({"id": after, "key": after, "value": format!("{holds} ? {new} : {before}")}),
        );
    }
    let last = format!("$.p{}", list.len() - 1);
    list.push(json!({"id": "fen", "key": "fen", "value": format!("floor({last} * quantity * 100 + 0.5)")}));
    Ok(list)
}

fn condition(factor: &Value) -> Result<String, Box<dyn Error>> {
    let field = format!("attributes.{}", text(factor, "field")?);
    let operand = &factor["operand"];
    // A number is written as a text in a book; what is no number is a word.
    let literal = |value: &Value| match value {
        Value::String(text) if text.parse::<f64>().is_ok() => text.clone(),
        Value::String(text) => format!("'{text}'"),
        other => other.to_string(),
    };
    Ok(match text(factor, "condition")? {
        "between" => format!(
            "({field} >= {} and {field} <= {})",
            literal(&operand[0]),
            literal(&operand[1])
        ),
        "exists" => format!("{field} != null"),
        "gt" => format!("{field} > {}", literal(operand)),
        "gte" => format!("{field} >= {}", literal(operand)),
        "lt" => format!("{field} < {}", literal(operand)),
        "lte" => format!("{field} <= {}", literal(operand)),
        "eq" => format!("{field} == {}", literal(operand)),
        "ne" => format!("{field} != {}", literal(operand)),
        other => return Err(format!("no such condition here: {other}").into()),
    })
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, Box<dyn Error>> {
    value[key]
        .as_str()
        .ok_or_else(|| format!("no {key}").into())
}
