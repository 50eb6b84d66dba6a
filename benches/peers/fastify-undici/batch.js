// One batch of the benchmark with a pool of undici: `node batch.js undici URL small|large|any COUNT LIMIT`.
// What it sends and prints is described in ../batches/src/main.rs.

import { Pool } from 'undici';

const [, url, kind, countText, limitText] = process.argv.slice(2);
const [count, limit] = [Number(countText), Number(limitText)];
const pool = new Pool(url, { connections: kind === 'any' ? 16 : limit });
const path = (n) => (kind === 'large' ? '/megabyte' : `/item/${n}`);

async function get(path, signal) {
  const began = performance.now();
  const { statusCode, body } = await pool.request({ path, method: 'GET', signal });
  await body.arrayBuffer();
  if (statusCode !== 200) throw new Error(`status ${statusCode}`);
  return performance.now() - began;
}

async function every() {
  const taken = [];
  let next = 0;
  const worker = async () => {
    while (next < count) taken.push(await get(path(next++)).catch(() => null));
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return taken;
}

async function any() {
  const taken = [];
  for (let n = 0; n < count; n++) {
    const stop = new AbortController();
    const rivals = [path(n), '/hold', path(n + 1)].map((path) => get(path, stop.signal));
    taken.push(await Promise.any(rivals).catch(() => null));
    stop.abort();
    await Promise.allSettled(rivals);
  }
  return taken;
}

const began = performance.now();
const taken = kind === 'any' ? await any() : await every();
const seconds = (performance.now() - began) / 1000;
const good = taken.filter((time) => time !== null).sort((a, b) => a - b);
const at = (share) => Math.round(1000 * (good[Math.min(good.length - 1, Math.floor(good.length * share))] ?? 0));
console.log(
  `requests ${good.length} errors ${taken.length - good.length} seconds ${seconds} p50_us ${at(0.5)} p99_us ${at(0.99)}`,
);
await pool.destroy();
