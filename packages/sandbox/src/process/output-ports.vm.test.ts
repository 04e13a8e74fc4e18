// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Container } from '../container/container.ts';
import { createSandbox } from '../create-sandbox.ts';
import { resolveImage } from '../image/resolve-image.ts';
import type { Sandbox } from '../sandbox.ts';
import { ignoreOutput } from '../testing/sandbox-world.ts';

/** A guest boots, and saves its template the first time. */
const bootTimeoutMs = 120_000;
/** Connected ends of a unix socket, see proc_net_unix(5). */
const connectedState = '03';

async function digestOf(stream: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of stream) if (Buffer.isBuffer(piece)) hash.update(piece);
  return hash.digest('hex');
}

describe('much output of processes in a real machine', () => {
  let sandbox: Sandbox;
  let container: Container;

  beforeAll(async () => {
    sandbox = await createSandbox({ template: 'always' });
    const image = await resolveImage('busybox');
    container = await sandbox.createContainer({ image, command: ['sleep', '100000'] });
    ignoreOutput(container);
    await container.start();
  }, bootTimeoutMs);

  afterAll(async () => {
    await sandbox.stop({ graceful: false });
  });

  async function isPortConnected(): Promise<boolean> {
    const sockets = (await readFile('/proc/net/unix', 'utf8')).split('\n').map((line) => line.split(/\s+/));
    const path = `${sandbox.directory}/output-0.sock`;
    return sockets.some((fields) => fields[5] === connectedState && fields[7] === path);
  }

  test('little output leaves the port alone', async () => {
    const process = await container.exec({ command: ['echo', 'hello'] });
    expect(await Promise.all([text(process.stdout), text(process.stderr)])).toEqual(['hello\n', '']);
    expect(await process.wait()).toBe(0);
    expect(await isPortConnected()).toBe(false);
  });

  test('both outputs of a process arrive whole over the port, and its exit code after them', async () => {
    const script =
      'head -c 30000000 /dev/urandom > /tmp/f; sha256sum < /tmp/f > /tmp/s; cat /tmp/f >&2 & cat /tmp/f; wait; exit 7';
    const process = await container.exec({ command: ['sh', '-c', script] });
    const seen = await Promise.all([digestOf(process.stdout), digestOf(process.stderr)]);
    expect(await process.wait()).toBe(7);
    expect(await isPortConnected()).toBe(true);
    const look = await container.exec({ command: ['cat', '/tmp/s'] });
    look.stderr.resume();
    const [digest] = (await text(look.stdout)).split(' ');
    expect(seen).toEqual([digest, digest]);
  }, 60_000);

  test('a process whose output nobody reads stands still, others go on, and it can be killed', async () => {
    const stuck = await container.exec({ command: ['yes'] });
    const process = await container.exec({ command: ['sh', '-c', 'head -c 3000000 /dev/zero'] });
    process.stderr.resume();
    let bytes = 0;
    for await (const piece of process.stdout) if (Buffer.isBuffer(piece)) bytes += piece.length;
    expect(bytes).toBe(3_000_000);
    expect(await process.wait()).toBe(0);
    await stuck.kill('SIGKILL');
    stuck.discardOutput();
    expect(await stuck.wait()).toBe(137);
  }, 60_000);
});
