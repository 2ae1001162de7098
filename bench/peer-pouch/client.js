// The peer's client: PouchDB on leveldb. `node client.js FOLDER`; a JSON command a line in, a JSON answer a line out.
// Each answer has `ms`, the command's own time by this process's clock.
'use strict';
const { performance } = require('perf_hooks');
const PouchDB = require('pouchdb');
const [folder] = process.argv.slice(2);

let local;
let remote;
const batches = { batch_size: Number(process.env.PEER_BATCH || 1000), batches_limit: 10 };

const commands = {
  // Where it keeps its documents (a fresh folder each time), and with whom it replicates.
  open({ name, server, database }) {
    local = new PouchDB(`${folder}/${name}`);
    remote = new PouchDB(`${server}/${database}`, { skip_setup: true });
    return local.info().then(() => ({}));
  },
  async create({ server, database }) {
    await new PouchDB(`${server}/${database}`).info();
    return {};
  },
  async close() {
    await local.close();
    return {};
  },
  // Fills a database of the server.
  async load({ server, database, documents }) {
    const target = new PouchDB(`${server}/${database}`);
    const lines = require('fs').readFileSync(documents, 'utf8').split('\n').filter(Boolean);
    for (let at = 0; at < lines.length; at += 1000) {
      await target.bulkDocs(lines.slice(at, at + 1000).map((line) => JSON.parse(line)));
    }
    await target.put({
      _id: '_design/sync',
      filters: { held: 'function (doc, req) { return (doc.assignee || doc.collector) === req.query.collector; }' },
    });
    return { documents: lines.length };
  },
  async pull({ collector }) {
    const filter = collector ? { filter: 'sync/held', query_params: { collector } } : {};
    const done = await local.replicate.from(remote, { ...batches, ...filter });
    return { documents: done.docs_written };
  },
  async push() {
    const done = await local.replicate.to(remote, batches);
    return { documents: done.docs_written };
  },
  async sync({ collector }) {
    const sent = await commands.push();
    const got = await commands.pull({ collector });
    return { sent: sent.documents, documents: got.documents };
  },
  // Offline edits, one transaction each, as a person makes them.
  async edit({ ids, set }) {
    const took = [];
    for (const id of ids) {
      const began = performance.now();
      const doc = await local.get(id);
      await local.put({ ...doc, ...set });
      took.push(performance.now() - began);
    }
    return { took };
  },
  // Ids held, and how often each was written.
  async held({ prefix }) {
    const all = await local.allDocs({ startkey: prefix, endkey: prefix + '\uffff' });
    return { rows: all.rows.map((row) => [row.id, Number(row.value.rev.split('-')[0])]) };
  },
  // Pulls and pushes until `expect` documents have been edited here or elsewhere; `edits` of them are made here first,
  // `burst` at a time with a round after each.
  async converge({ edits, burst, set, expect, prefix, rounds }) {
    let made = 0;
    for (let round = 1; round <= rounds; round += 1) {
      const some = edits.slice(made, made + burst);
      made += some.length;
      await commands.edit({ ids: some, set });
      await commands.sync({});
      const { rows } = await commands.held({ prefix });
      if (made >= edits.length && rows.filter(([, writes]) => writes > 1).length >= expect) return { rounds: round };
    }
    throw new Error('never equal');
  },
  async conflicts({ ids }) {
    const found = [];
    for (const id of ids) {
      const doc = await remote.get(id, { conflicts: true });
      found.push({ id, doc });
    }
    return { found };
  },
  async rss() {
    return { bytes: process.memoryUsage().rss };
  },
};

async function answer(line) {
  const { op, ...args } = JSON.parse(line);
  const began = performance.now();
  try {
    const done = await commands[op](args);
    return { ms: performance.now() - began, ...done };
  } catch (error) {
    return { error: `${op}: ${error.message || JSON.stringify(error)}` };
  }
}

let queue = Promise.resolve();
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  queue = queue.then(async () => process.stdout.write(JSON.stringify(await answer(line)) + '\n'));
}).on('close', () => queue.then(() => process.exit(0)));
