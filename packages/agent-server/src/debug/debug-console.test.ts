// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { createMemoryPair } from '@hako/ttrpc';
import { expect, test, vi } from 'vitest';
import type { SideChannelDoors } from '../server/side-channel.ts';
import { openDebugConsole } from './debug-console.ts';

const errors: unknown[] = [];
const ignore = () => undefined;
const logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: (fields: object) => void errors.push(fields),
};

function openConsole(shells: readonly string[] = ['/bin/sh']) {
  const stop = new AbortController();
  const { promise: listening, resolve } = Promise.withResolvers<(stream: Duplex) => void>();
  const doors: SideChannelDoors = {
    findPort: () => undefined,
    openPort: () => {
      throw new Error('there is no port');
    },
    listenVsock({ onConnection }) {
      resolve(onConnection);
      return { close: () => Promise.resolve() };
    },
  };
  const address = openDebugConsole({ vsockPort: 1026, logger, signal: stop.signal, doors, shells });
  return {
    address,
    stop,
    connect: async () => {
      const [host, guest] = createMemoryPair();
      (await listening)(guest);
      let seen = '';
      host.on('data', (chunk: Buffer) => (seen += chunk.toString()));
      host.on('error', ignore);
      return { host, seen: () => seen };
    },
  };
}

/** The number a shell prints between brackets; what is typed is echoed, but not with the value in it. */
async function numberIn(seen: () => string): Promise<number> {
  return await vi.waitFor(() => {
    const match = /<(\d+)>/.exec(seen());
    if (match === null) throw new Error(`no number yet in ${JSON.stringify(seen())}`);
    return Number(match[1]);
  }, 15_000);
}

/** Whether a process is there and no zombie. */
function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat[stat.lastIndexOf(')') + 2] !== 'Z';
}

test('the console is a shell with a terminal and a session of its own, and ends with it', async () => {
  const { address, connect, stop } = openConsole();
  expect(address).toBe('vsock://-1:1026');
  const { host, seen } = await connect();
  const closed = new Promise((resolve) => host.once('close', resolve).once('end', () => host.destroy()));
  host.write(
    'echo "$(tty) <$(cut -d" " -f6 /proc/$$/stat)> $$"; stty size; (exec </dev/tty && echo has-tty); exit\n',
  );
  const session = await numberIn(seen);
  await closed;
  expect(seen()).toMatch(new RegExp(`/dev/pts/\\d+ <${session.toString()}> ${session.toString()}`));
  expect(seen()).toMatch(/^24 80\r$/m);
  expect(seen()).toMatch(/^has-tty\r$/m);
  expect(isAlive(session)).toBe(false);
  stop.abort();
});

test.each(['the host hangs up', 'the agent ends'])('the shell is gone when %s', async (reason) => {
  const { connect, stop } = openConsole();
  const { host, seen } = await connect();
  host.write('echo "<$$>"\n');
  const pid = await numberIn(seen);
  expect(isAlive(pid)).toBe(true);
  if (reason === 'the agent ends') stop.abort();
  else host.destroy();
  await expect.poll(() => isAlive(pid)).toBe(false);
  stop.abort();
});

test('a job that keeps the terminal does not keep the console', async () => {
  const { connect, stop } = openConsole();
  const { host, seen } = await connect();
  const closed = new Promise((resolve) => host.once('close', resolve).once('end', () => host.destroy()));
  host.write(`sh -c 'trap "" HUP; echo "<$$>"; exec sleep 1000' & read word; exit\n`);
  const pid = await numberIn(seen);
  host.write('end\n');
  await closed;
  process.kill(pid, 'SIGKILL');
  stop.abort();
});

test('several connections have a shell each, but not any number of them', async () => {
  const { connect, stop } = openConsole();
  const connections = await Promise.all(Array.from({ length: 9 }, connect));
  await expect.poll(() => connections[8]?.host.readableEnded || connections[8]?.host.destroyed).toBe(true);
  for (const { host } of connections.slice(0, 8)) host.write('echo "<$$>"\n');
  const pids = await Promise.all(connections.slice(0, 8).map(({ seen }) => numberIn(seen)));
  expect(new Set(pids).size).toBe(8);
  stop.abort();
  await expect.poll(() => pids.filter(isAlive)).toEqual([]);
});

test('without a shell there is no console', () => {
  expect(() => openConsole(['/no/such/shell'])).toThrow(
    expect.objectContaining({ code: 'program_not_found' }),
  );
});

test('no session has failed', () => {
  expect(errors).toEqual([]);
});
