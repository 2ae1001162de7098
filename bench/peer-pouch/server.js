// The peer's server: express-pouchdb on leveldb. `node server.js FOLDER`; prints `listening on http://127.0.0.1:PORT`.
'use strict';
const [folder] = process.argv.slice(2);
const PouchDB = require('pouchdb').defaults({ prefix: folder + '/' });
const app = require('express')();
app.use('/', require('express-pouchdb')(PouchDB, {
  // The smallest set of middleware that PouchDB replicates with: what is not needed costs nothing.
  mode: 'minimumForPouchDB',
  inMemoryConfig: true,
  logPath: folder + '/log.txt',
}));
const server = app.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
