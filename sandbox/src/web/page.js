// Shows the newest entries of /__log. Everything received is put in as text, never as markup.
const SHOWN = 200;
const LONGEST = 400;
const LONGEST_PART = 64; // an access token has 512 characters
const byId = (id) => document.getElementById(id);

const clip = (text, length) => (text.length > length ? text.slice(0, length) + "…" : text);

function shorten(value) {
  if (value === null || value === undefined) return "";
  const clipped = (_, part) => (typeof part === "string" ? clip(part, LONGEST_PART) : part);
  const text = typeof value === "string" ? value : JSON.stringify(value, clipped);
  return text === "{}" ? "" : clip(text, LONGEST);
}

function cell(row, text, asCode) {
  const td = row.insertCell();
  const holder = asCode ? td.appendChild(document.createElement("code")) : td;
  holder.textContent = text;
  return td;
}

function refused(entry) {
  const code = entry.answer && entry.answer.errcode;
  return entry.status === null || entry.status >= 400 || Boolean(code);
}

function showEntry(row, entry) {
  cell(row, entry.seq);
  cell(row, new Date(entry.at).toLocaleTimeString("zh-CN", { hour12: false }));
  cell(row, entry.service ?? "—");
  cell(row, `${entry.method} ${entry.path}`, true);
  cell(row, [shorten(entry.query), shorten(entry.body)].filter(Boolean).join("\n"), true);
  const status = cell(row, [entry.status ?? "未答复", ...entry.faults].join(" "));
  if (refused(entry)) status.className = "bad";
  cell(row, shorten(entry.answer), true);
}

function show(log, control) {
  const newest = log.items.slice(-SHOWN).reverse();
  const rows = document.createElement("tbody");
  rows.id = "rows";
  for (const entry of newest) showEntry(rows.insertRow(), entry);
  byId("rows").replaceWith(rows);
  byId("empty").hidden = newest.length > 0;
  byId("state").textContent = `共 ${log.items.length} 条，显示最近 ${newest.length} 条`;
  const skewed = Object.entries(control.clock_skew).filter(([, seconds]) => seconds !== 0);
  const faults = [
    ...control.pending.map((p) => `${p.service} ${p.fault} ×${p.left}${p.path ? " " + p.path : ""}`),
    ...skewed.map(([service, seconds]) => `${service} clock_skew ${seconds} s`),
  ];
  byId("faults").hidden = faults.length === 0;
  byId("faults").textContent = `待触发的故障：${faults.join("；")}`;
}

async function json(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function refresh() {
  try {
    const [log, control] = await Promise.all([json("/__log"), json("/__control")]);
    show(log, control);
  } catch (error) {
    byId("state").textContent = `沙箱没有答复：${error.message}`;
  }
  setTimeout(refresh, 2000);
}

byId("clear").addEventListener("click", () => fetch("/__log", { method: "DELETE" }));
refresh();
