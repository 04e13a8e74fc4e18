// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createMemoryPair } from '@hako/ttrpc';
import { afterEach, expect, test, vi } from 'vitest';
import type { SideChannelDoors } from '../server/side-channel.ts';
import { openLog } from './open-log.ts';

const version = '1.2.3';

afterEach(() => vi.useRealTimers());

function fakeDoors(listenVsock: SideChannelDoors['listenVsock']): SideChannelDoors {
  return {
    findPort: () => undefined,
    openPort: () => {
      throw new Error('there is no port');
    },
    listenVsock,
  };
}

test.each([0, -1])('with the log port %i lines go to standard output', async (logVport) => {
  const lines: string[] = [];
  const log = await openLog({
    options: { logLevel: 'info', logVport },
    version,
    write: (line) => lines.push(line),
  });
  log.logger.info({}, 'hello');
  await log.close();
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ msg: 'hello', level: 'INFO' }]);
});

test('with a log port lines go there and nowhere else, those below the level not at all', async () => {
  // The end of the log has a limit of its own.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const lines: string[] = [];
  let connect: (stream: Duplex) => void = () => undefined;
  const doors = fakeDoors(({ port, onConnection }) => {
    expect(port).toBe(1025);
    connect = onConnection;
    return { close: () => Promise.resolve() };
  });
  const log = await openLog({
    options: { logLevel: 'warning', logVport: 1025 },
    version,
    write: (line) => lines.push(line),
    doors,
  });
  log.logger.info({}, 'too quiet');
  log.logger.warn({ path: '/a' }, 'first');
  const [host, guest] = createMemoryPair();
  connect(guest);
  const received = text(host);
  log.logger.error({}, 'second');
  await log.close();
  const said = (await received).trimEnd().split('\n');
  expect(said.map((line) => JSON.parse(line) as object)).toMatchObject([
    { msg: 'first', level: 'WARN', path: '/a', version },
    { msg: 'second', level: 'ERRO' },
  ]);
  expect(lines).toEqual([]);
});

test('a log port that cannot be opened leaves the log on standard output and says so there', async () => {
  const lines: string[] = [];
  const doors = fakeDoors(() => {
    throw Object.assign(new Error('no vsock here'), { code: 'EAFNOSUPPORT' });
  });
  const log = await openLog({
    options: { logLevel: 'info', logVport: 1025 },
    version,
    write: (line) => lines.push(line),
    doors,
  });
  log.logger.info({}, 'hello');
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { level: 'WARN', port: '1025', error: 'EAFNOSUPPORT: no vsock here' },
    { msg: 'hello' },
  ]);
});
