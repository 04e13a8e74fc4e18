// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { createMemoryPair } from '@hako/ttrpc';
import { expect, test } from 'vitest';
import { openSideChannel, type SideChannelDoors } from './side-channel.ts';

const ignore = () => undefined;
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** Doors to a port that the test connects to, or to a vsock listener. */
function fakeDoors(port: string | undefined) {
  const opened: { readonly host: Duplex; readonly onPeer: () => void }[] = [];
  const waiting: (() => void)[] = [];
  const listening: { port: number; onConnection: (stream: Duplex) => void; closed: boolean }[] = [];
  const doors: SideChannelDoors = {
    findPort: (name) => (name === port ? `/dev/${name}` : undefined),
    openPort(path, { onPeer }) {
      expect(path).toBe(`/dev/${port ?? ''}`);
      const [host, guest] = createMemoryPair();
      opened.push({ host, onPeer });
      waiting.shift()?.();
      return guest;
    },
    listenVsock(options) {
      const entry = { ...options, closed: false };
      listening.push(entry);
      return {
        close() {
          entry.closed = true;
          return Promise.resolve();
        },
      };
    },
  };
  const nextOpened = async () => {
    if (opened.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    return opened.shift()!;
  };
  return { doors, nextOpened, listening };
}

/** A channel whose connections are collected. */
function logChannel() {
  const stop = new AbortController();
  const got: Duplex[] = [];
  const options = {
    vsockPort: 1025,
    portName: 'hako.log.0',
    onConnection: (stream: Duplex) => got.push(stream),
    logger,
    signal: stop.signal,
  };
  return { options, got, stop };
}

test('a named port is used when it is there: handed out when the host comes, and again after it has gone', async () => {
  const { doors, nextOpened, listening } = fakeDoors('hako.log.0');
  const { options, got, stop } = logChannel();
  expect(openSideChannel(options, doors)).toBe('serial://hako.log.0');
  for (const round of [1, 2]) {
    const { host, onPeer } = await nextOpened();
    expect(got).toHaveLength(round - 1);
    onPeer();
    expect(got).toHaveLength(round);
    host.end();
    await once(got[round - 1]!.resume(), 'close');
  }
  const { host } = await nextOpened();
  const over = once(host.resume(), 'end');
  host.on('error', ignore);
  stop.abort();
  await over;
  expect(listening).toEqual([]);
});

test('without the port it listens on vsock until it is stopped', () => {
  const { doors, listening } = fakeDoors(undefined);
  const { options, got, stop } = logChannel();
  expect(openSideChannel(options, doors)).toBe('vsock://-1:1025');
  const [, guest] = createMemoryPair();
  listening[0]?.onConnection(guest);
  expect(got).toEqual([guest]);
  stop.abort();
  expect(listening).toMatchObject([{ port: 1025, closed: true }]);
});
