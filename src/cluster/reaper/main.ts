// A small process that outlives Rollproof. Its stdin is a pipe from Rollproof: the word `done` on it means that the
// cluster was taken care of; its end without that word means that Rollproof was killed, and the cluster is deleted.
import { text } from 'node:stream/consumers';
import { reap } from './reap.ts';

const [name = ''] = process.argv.slice(2);
// The one who is dying may be a whole terminal or step; we are to outlive that.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const word = await text(process.stdin).catch(() => '');
if (word.trim() !== 'done') await reap(name);
