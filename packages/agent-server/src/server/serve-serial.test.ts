// SPDX-License-Identifier: Apache-2.0
import { HealthDefinition } from '@hako/protocols/health';
import { createChannel, createClient, createMemoryPair, createServer } from '@hako/ttrpc';
import { expect, test } from 'vitest';
import { healthService } from '../rpc/health-service.ts';
import { serveSerial } from './serve-serial.ts';

function setUp() {
  const warnings: string[] = [];
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (_fields: object, message: string) => void warnings.push(message),
    error: () => undefined,
  };
  return { warnings, logger, server: createServer().add(HealthDefinition, healthService) };
}

test('a port that appears late is served, and again after the host has gone', async () => {
  const { server, logger } = setUp();
  await using _server = server;
  const stop = new AbortController();
  const hosts: ReturnType<typeof createMemoryPair>[0][] = [];
  const opened = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  let looks = 0;
  const ports = {
    findPort: (name: string) => {
      looks += 1;
      return looks > 2 ? `/dev/${name}` : undefined;
    },
    openPort: (path: string) => {
      expect(path).toBe('/dev/hako.agent.0');
      const [host, guest] = createMemoryPair();
      hosts.push(host);
      opened[hosts.length - 1]?.resolve(undefined);
      return guest;
    },
  };
  const serving = serveSerial({ server, ports, logger }, 'hako.agent.0', stop.signal);
  for (const [round, { promise }] of opened.entries()) {
    await promise;
    await using channel = createChannel(hosts[round]!);
    expect(await createClient(HealthDefinition, channel).check({})).toEqual({ status: 1 });
    if (round === opened.length - 1) stop.abort();
  }
  await serving;
});

test('a port that cannot be opened is reported once and tried again', async () => {
  const { server, logger, warnings } = setUp();
  await using _server = server;
  const stop = new AbortController();
  let attempts = 0;
  const ports = {
    findPort: () => '/dev/vport0p1',
    openPort: () => {
      attempts += 1;
      if (attempts === 4) stop.abort();
      throw new Error('EBUSY');
    },
  };
  await serveSerial({ server, ports, logger }, 'x', stop.signal);
  expect(attempts).toBe(4);
  expect(warnings).toEqual(['port cannot be opened']);
});
