// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { createMetadata } from '@hako/ttrpc';
import { expect, inject, test, vi } from 'vitest';
import { type RunningGuest, startGuest } from './running-guest.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentSpanId = 'b7ad6b7169203331';
const waitLimit = { timeout: 30_000, interval: 100 };

interface Heard extends Disposable {
  readonly socket: Socket;
  /** What has arrived so far. */
  text(): string;
  bytes(): Buffer;
}

/** Connects to a port of a machine. */
async function connectTo(guest: RunningGuest, port: string): Promise<Heard> {
  const socket = createConnection(join(guest.runDir, `${port}.sock`));
  await once(socket, 'connect');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
  return {
    socket,
    bytes: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString(),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** Text that has to arrive. */
async function expectText(heard: Heard, pattern: RegExp): Promise<RegExpExecArray> {
  return await vi.waitFor(() => {
    const text = heard.text();
    const match = pattern.exec(text);
    if (match === null) throw new Error(`not in ${JSON.stringify(text.slice(-500))}: ${String(pattern)}`);
    return match;
  }, waitLimit);
}

test(
  'log, debug console and spans of an agent in a guest go over ports of their own [proves cold serial-port]',
  { timeout: 180_000 },
  async () => {
    const { files, consolesDir } = inject('guestTemplate');
    await using guest = await startGuest({
      files,
      consolesDir,
      name: 'side channels',
      kernelWords: [
        ...['agent.log=debug', 'agent.log_vport=1025', 'agent.trace'],
        ...['agent.debug_console', 'agent.debug_console_vport=1026'],
      ],
      ports: ['hako.log.0', 'hako.console.0', 'hako.trace.0'],
    });

    using log = await connectTo(guest, 'hako.log.0');
    const [line] = await expectText(log, /^\{.*"msg":"announce".*\}$/m);
    const announced = JSON.parse(line) as Record<string, string>;
    expect(announced).toMatchObject({ level: 'INFO', name: 'kata-agent', pid: '1', 'init-mode': 'true' });
    expect(JSON.parse(announced['config'] ?? '')).toMatchObject({ tracing: true, debugConsoleVport: 1026 });

    using first = await connectTo(guest, 'hako.console.0');
    first.socket.write('echo "<$((6 * 7))> $$ on $(tty)"\n');
    const [, shellPid = ''] = await expectText(first, /<42> (\d+) on \/dev\/pts\/\d+/);
    expect((await guest.shell(`kill -0 ${shellPid}`)).exitCode).toBe(0);
    first.socket.destroy();
    await vi.waitFor(
      async () => expect((await guest.shell(`kill -0 ${shellPid}`)).exitCode).not.toBe(0),
      waitLimit,
    );

    using second = await connectTo(guest, 'hako.console.0');
    second.socket.write('echo "<$((6 * 8))>"; exit\n');
    await expectText(second, /<48>/);

    using spans = await connectTo(guest, 'hako.trace.0');
    await using client = guest.connect();
    const metadata = createMetadata({ traceparent: `00-${traceId}-${parentSpanId}-01` });
    await client.client.getMetrics({}, { metadata });
    const span = await vi.waitFor(() => {
      const bytes = spans.bytes();
      const frame = bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64BE()));
      return JSON.parse(frame) as object;
    }, waitLimit);
    expect(span).toMatchObject({
      resourceSpans: [
        { scopeSpans: [{ spans: [{ name: 'grpc.AgentService/GetMetrics', traceId, parentSpanId }] }] },
      ],
    });
  },
);
