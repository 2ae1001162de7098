// `node price.js CASES SECONDS`: prices the items of a file by its rules with json-rules-engine, and prints
// {"fen": […], "priced": n, "seconds": s}. As its makers mean it: one rule a factor, the events say which hold; the price
// is walked in the factors' order. One engine a category, so that no rule of another one is looked at.
const { Engine } = require("json-rules-engine");
const { readFileSync } = require("node:fs");
const { performance } = require("node:perf_hooks");

const [file, seconds] = process.argv.slice(2);
const { rules, items } = JSON.parse(readFileSync(file, "utf8"));

const OPERATORS = { gt: "greaterThan", gte: "greaterThanInclusive", lt: "lessThan", lte: "lessThanInclusive", eq: "equal", ne: "notEqual" };
const plain = (value) => (typeof value === "string" && value !== "" && !Number.isNaN(Number(value)) ? Number(value) : value);

function conditions({ field, condition, operand }) {
  const one = (operator, value) => ({ fact: field, operator, value: plain(value) });
  if (condition === "between") return { all: [one("greaterThanInclusive", operand[0]), one("lessThanInclusive", operand[1])] };
  if (condition === "exists") return { all: [one("notEqual", null)] };
  if (!OPERATORS[condition]) throw new Error(`no such condition here: ${condition}`);
  return { all: [one(OPERATORS[condition], operand)] };
}

const books = new Map();
for (const rule of rules) {
  const engine = new Engine([], { allowUndefinedFacts: true });
  (rule.factors ?? []).forEach((factor, index) => {
    engine.addRule({ conditions: conditions(factor), event: { type: "holds", params: { index } } });
  });
  books.set(rule.category, { engine, base: Number(rule.base_price), factors: rule.factors ?? [] });
}

const OPERATIONS = {
  multiply: (p, v) => p * v,
  add: (p, v) => p + v,
  subtract: (p, v) => p - v,
  set: (_, v) => v,
  at_least: (p, v) => Math.max(p, v),
  at_most: (p, v) => Math.min(p, v),
};

async function price(item) {
  const book = books.get(item.category);
  const { events } = await book.engine.run(item.attributes);
  const held = events.map((event) => event.params.index).sort((a, b) => a - b);
  let p = book.base;
  for (const index of held) p = OPERATIONS[book.factors[index].operation](p, Number(book.factors[index].value));
  // Binary fractions: a hair is added so that a half is rounded up as in decimals.
  return Math.floor(p * item.quantity * 100 + 0.5 + 1e-6);
}

(async () => {
  const fen = [];
  for (const item of items) fen.push(await price(item));
  const began = performance.now();
  let priced = 0;
  while (performance.now() - began < seconds * 1000) {
    for (const item of items) await price(item);
    priced += items.length;
  }
  console.log(JSON.stringify({ fen, priced, seconds: (performance.now() - began) / 1000 }));
})();
