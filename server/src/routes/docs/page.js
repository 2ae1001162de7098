const text = (tag, words) => Object.assign(document.createElement(tag), { textContent: words ?? '' });
const row = (cell, ...words) => { const tr = document.createElement('tr'); tr.append(...words.map(w => text(cell, w))); return tr; };
const table = (heads, rows) => { const t = document.createElement('table'); t.append(row('th', ...heads), ...rows.map(r => row('td', ...r))); return t; };
const typeOf = schema => !schema ? '' : schema.$ref ? schema.$ref.split('/').pop()
  : schema.oneOf ? schema.oneOf.map(typeOf).join(' | ')
  : schema.type === 'array' ? typeOf(schema.items) + '[]' : [].concat(schema.type ?? 'object').join(' | ');
const contentOf = part => Object.values(part?.content ?? {})[0];

function operation(path, method, op, schemas) {
  const box = document.createElement('details');
  const head = document.createElement('summary');
  head.append(text('b', method.toUpperCase()), text('code', path), ' — ' + (op.summary ?? ''), op.security?.length ? ' 🔒' : '');
  box.append(head);
  if (op.parameters?.length) {
    box.append(text('h4', '参数 Parameters'), table(['', '', '', ''], op.parameters.map(p => [p.name, p.in, p.required ? 'required' : '', p.description ?? ''])));
  }
  const body = contentOf(op.requestBody);
  if (body) {
    box.append(text('h4', '请求 Body: ' + typeOf(body.schema)));
    const schema = schemas[typeOf(body.schema)];
    const example = body.example ?? schema?.example;
    if (example) box.append(text('pre', JSON.stringify(example, null, 2)));
  }
  box.append(text('h4', '响应 Answers'), table(['', '', ''], Object.entries(op.responses).map(([status, answer]) =>
    [status, typeOf(contentOf(answer)?.schema), answer.description ?? ''])));
  return box;
}

function shape(name, schema) {
  const box = document.createElement('details');
  box.append(text('summary', name));
  const required = new Set(schema.required ?? []);
  box.append(table(['', '', '', ''], Object.entries(schema.properties ?? {}).map(([key, part]) =>
    [key, typeOf(part), required.has(key) ? 'required' : '', part.description ?? ''])));
  if (schema.example) box.append(text('pre', JSON.stringify(schema.example, null, 2)));
  return box;
}

fetch('openapi.json').then(answer => answer.json()).then(api => {
  document.querySelector('#about').textContent = api.info.description;
  const main = document.querySelector('main');
  main.textContent = '';
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, op] of Object.entries(methods)) {
      const tag = op.tags?.[0] ?? 'other';
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operation(path, method, op, api.components.schemas));
    }
  }
  for (const [tag, list] of groups) main.append(text('h2', tag), ...list);
  main.append(text('h2', '结构 Shapes'), ...Object.entries(api.components.schemas).map(([name, schema]) => shape(name, schema)));
});
