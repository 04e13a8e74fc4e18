// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { closeSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createFdReader } from './fd-reader.ts';
import { createFdWriter } from './fd-writer.ts';
import type { Libc } from './ffi/libc.ts';
import { createPipe } from './pipe.ts';
import { backends } from './testing/backends.ts';

function pipePair(libc: Libc, capacityBytes = 4096) {
  const { readFd, writeFd } = createPipe({ capacityBytes }, libc);
  const reader = createFdReader(readFd, libc);
  const writer = createFdWriter(writeFd, libc);
  return {
    reader,
    writer,
    [Symbol.asyncDispose]() {
      writer.close();
      return reader[Symbol.asyncDispose]();
    },
  };
}

describe.each(backends)('a writer through $title', ({ missing, load }) => {
  test.skipIf(missing)('32 MiB arrive unchanged through a pipe of 64 KiB', async () => {
    await using pipe = pipePair(load(), 65536);
    const bytes = randomBytes(32 * 1024 * 1024);
    const written = pipe.writer.write(bytes).then(() => pipe.writer.close());
    const hash = createHash('sha256');
    for (let part = await pipe.reader.read(65536); part.length > 0; part = await pipe.reader.read(65536)) {
      hash.update(part);
    }
    await written;
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  test.skipIf(missing)('resolves only when the kernel has taken the last byte', async () => {
    await using pipe = pipePair(load());
    let done = false;
    const write = pipe.writer.write(new Uint8Array(4097)).then(() => (done = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    expect(await pipe.reader.read(9000)).toHaveLength(4096);
    await write;
    expect(await pipe.reader.read(9000)).toHaveLength(1);
  });

  test.skipIf(missing)('keeps the order of queued writes, empty ones included', async () => {
    await using pipe = pipePair(load());
    const writes = ['a', '', 'b'.repeat(5000), 'c'].map((part) => pipe.writer.write(Buffer.from(part)));
    let received = '';
    while (received.length < 5002) received += Buffer.from(await pipe.reader.read(4096)).toString();
    await Promise.all(writes);
    expect(received).toBe(`a${'b'.repeat(5000)}c`);
  });

  test.skipIf(missing)('a reader that is gone is EPIPE', async () => {
    await using pipe = pipePair(load());
    pipe.reader.close();
    await expect(pipe.writer.write(Buffer.from('x'))).rejects.toMatchObject({
      code: 'EPIPE',
      bytesWritten: 0,
    });
  });

  test.skipIf(missing)('a reader that goes while a write waits is EPIPE', async () => {
    await using pipe = pipePair(load());
    const write = pipe.writer.write(new Uint8Array(10_000));
    setImmediate(() => pipe.reader.close());
    await expect(write).rejects.toMatchObject({ code: 'EPIPE', bytesWritten: 4096 });
  });

  test.skipIf(missing)(
    'an aborted write tells how much was taken and lets the next one through',
    async () => {
      await using pipe = pipePair(load());
      const abort = new AbortController();
      const aborted = pipe.writer.write(new Uint8Array(10_000), { signal: abort.signal });
      const next = pipe.writer.write(Buffer.from('next'));
      abort.abort();
      await expect(aborted).rejects.toMatchObject({ code: 'aborted', bytesWritten: 4096 });
      expect(await pipe.reader.read(9000)).toHaveLength(4096);
      await next;
      expect(Buffer.from(await pipe.reader.read(9000)).toString()).toBe('next');
    },
  );

  test.skipIf(missing)('closing ends waiting and later writes with the code closed', async () => {
    await using pipe = pipePair(load());
    const write = pipe.writer.write(new Uint8Array(10_000));
    pipe.writer.close();
    pipe.writer.close();
    await expect(write).rejects.toMatchObject({ code: 'closed', bytesWritten: 4096 });
    await expect(pipe.writer.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'closed' });
  });

  test.skipIf(missing)('a descriptor that cannot be polled rejects the write', async () => {
    const { readFd, writeFd } = createPipe({}, load());
    closeSync(writeFd);
    await using writer = createFdWriter(readFd, load());
    await expect(writer.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'EBADF' });
  });
});
