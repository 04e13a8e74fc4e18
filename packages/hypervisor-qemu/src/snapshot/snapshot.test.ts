// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { QmpClient } from '../qmp/qmp-client.ts';
import { FakeQmpServer } from '../testing/fake-qmp-server.ts';
import { copyExtents, copyMemory, openGuestMemory } from './guest-memory.ts';
import { migrate } from './migration.ts';
import { checkSnapshot, readIndex, snapshotFiles, writeIndex } from './snapshot-files.ts';

const kib = 1024;
const never = new AbortController().signal;

async function directory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'hako-snapshot-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

describe('memory', () => {
  test('is copied without its zeroes, and back into other memory', async () => {
    await using place = await directory();
    const memory = Buffer.alloc(9 * 1024 * kib);
    memory.fill(1, 0, 3);
    memory.fill(2, 4 * 1024 * kib - 1, 4 * 1024 * kib + 1);
    memory.fill(3, memory.length - 1);
    const path = (name: string) => join(place.path, name);
    await writeFile(path('memory'), memory);
    await using source = await open(path('memory'), 'r');
    await using copy = await open(path('copy'), 'w+');
    const extents = await copyMemory(source, copy, memory.length, never);
    expect(extents).toEqual([
      { offsetBytes: 0, lengthBytes: 64 * kib },
      { offsetBytes: 4 * 1024 * kib - 64 * kib, lengthBytes: 128 * kib },
      { offsetBytes: memory.length - 64 * kib, lengthBytes: 64 * kib },
    ]);
    expect(memory.equals(await readFile(path('copy')))).toBe(true);
    expect((await stat(path('copy'))).blocks * 512).toBeLessThan(1024 * kib);

    await writeFile(path('other'), Buffer.alloc(memory.length));
    await using other = await open(path('other'), 'r+');
    await copyExtents(copy, other, extents, never);
    expect(memory.equals(await readFile(path('other')))).toBe(true);
  });

  test('that ends too early is refused', async () => {
    await using place = await directory();
    await writeFile(join(place.path, 'short'), 'short');
    await using short = await open(join(place.path, 'short'), 'r');
    await using target = await open(join(place.path, 'target'), 'w');
    const copied = copyExtents(short, target, [{ offsetBytes: 0, lengthBytes: 6 }], never);
    await expect(copied).rejects.toMatchObject({ code: 'snapshot_unusable' });
  });

  test('an abort ends the copying', async () => {
    await using place = await directory();
    await writeFile(join(place.path, 'memory'), Buffer.alloc(64));
    await using file = await open(join(place.path, 'memory'), 'r+');
    const copied = copyMemory(file, file, 64, AbortSignal.abort(new Error('enough')));
    await expect(copied).rejects.toThrow('enough');
  });

  test('a process without shared guest memory has none to open', async () => {
    await expect(openGuestMemory(process.pid)).rejects.toMatchObject({ code: 'unsupported' });
    await expect(openGuestMemory(0)).rejects.toMatchObject({ code: 'unsupported' });
  });
});

describe('an index', () => {
  const good = { memoryBytes: 128, extents: [{ offsetBytes: 0, lengthBytes: 64 }] };

  test('is read as it was written', async () => {
    await using place = await directory();
    const files = snapshotFiles(place.path);
    await writeIndex(files, good);
    expect(await readIndex(files)).toEqual(good);
    await expect(checkSnapshot(place.path)).rejects.toMatchObject({ code: 'snapshot_unusable' });
    await writeFile(files.memory, '');
    await writeFile(files.state, '');
    await checkSnapshot(place.path);
  });

  test.each([
    ['no JSON', '{'],
    ['no object', '7'],
    ['no extents', '{"memoryBytes":1}'],
    ['a size that is no number', JSON.stringify({ ...good, memoryBytes: '128' })],
    ['an extent that is no object', JSON.stringify({ ...good, extents: [1] })],
    ['an extent without length', JSON.stringify({ ...good, extents: [{ offsetBytes: 0 }] })],
    [
      'an extent before the memory',
      JSON.stringify({ ...good, extents: [{ offsetBytes: -1, lengthBytes: 1 }] }),
    ],
    [
      'an extent beyond the memory',
      JSON.stringify({ ...good, extents: [{ offsetBytes: 64, lengthBytes: 65 }] }),
    ],
    ['extents that overlap', JSON.stringify({ ...good, extents: [good.extents[0], good.extents[0]] })],
  ])('is refused with %s', async (_, content) => {
    await using place = await directory();
    const files = snapshotFiles(place.path);
    await writeFile(files.index, content);
    await expect(readIndex(files)).rejects.toMatchObject({ code: 'snapshot_unusable' });
  });

  test('that is missing makes the snapshot unusable', async () => {
    await expect(checkSnapshot('/nonexistent')).rejects.toMatchObject({ code: 'snapshot_unusable' });
  });
});

describe('a migration', () => {
  async function connect(status: string) {
    const server = new FakeQmpServer({
      answers: {
        migrate: () => {
          setImmediate(() => server.send({ event: 'MIGRATION', data: { status: 'active' } }));
          setImmediate(() => server.send({ event: 'MIGRATION', data: { status } }));
          return { return: {} };
        },
        'query-migrate': () => ({ return: { status, 'error-desc': 'no room' } }),
      },
    });
    return { server, monitor: await QmpClient.connect(server.clientEnd) };
  }

  test('leaves shared memory out and is done when QEMU says so', async () => {
    const { server, monitor } = await connect('completed');
    using _ = monitor;
    await migrate(monitor, 'migrate', 'unix:/x', never);
    expect(server.received.map(({ execute }) => execute)).toEqual([
      'qmp_capabilities',
      'migrate-set-capabilities',
      'migrate',
    ]);
    expect(server.received[1]?.arguments).toEqual({
      capabilities: [
        { capability: 'x-ignore-shared', state: true },
        { capability: 'events', state: true },
      ],
    });
  });

  test.each(['failed', 'cancelled'])('that QEMU calls %s rejects with its reason', async (status) => {
    const { monitor } = await connect(status);
    using _ = monitor;
    await expect(migrate(monitor, 'migrate', 'unix:/x', never)).rejects.toMatchObject({
      code: 'monitor_failed',
      message: `migrate ${status}: no room`,
    });
  });

  test('that takes too long is given up', async () => {
    const { monitor } = await connect('device');
    using _ = monitor;
    const controller = new AbortController();
    const migrated = migrate(monitor, 'migrate', 'unix:/x', controller.signal);
    setImmediate(() => controller.abort(new Error('enough')));
    await expect(migrated).rejects.toThrow('enough');
  });
});
