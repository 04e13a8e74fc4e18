// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createFdReader } from './fd-reader.ts';
import type { Libc } from './ffi/libc.ts';
import { createPipe } from './pipe.ts';
import { backends } from './testing/backends.ts';

function pipeReader(libc: Libc, capacityBytes = 65536) {
  const { readFd, writeFd } = createPipe({ capacityBytes }, libc);
  const reader = createFdReader(readFd, libc);
  let open = true;
  return {
    reader,
    writeFd,
    write: (text: string) => writeSync(writeFd, text),
    closeWriter() {
      if (open) closeSync(writeFd);
      open = false;
    },
    [Symbol.asyncDispose]() {
      this.closeWriter();
      return reader[Symbol.asyncDispose]();
    },
  };
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

describe.each(backends)('a reader through $title', ({ missing, load }) => {
  test.skipIf(missing)('takes what is there, at most what was asked for', async () => {
    await using pipe = pipeReader(load());
    pipe.write('abcdef');
    expect(text(await pipe.reader.read(4))).toBe('abcd');
    expect(text(await pipe.reader.read(4))).toBe('ef');
  });

  test.skipIf(missing)('waits for bytes that come later', async () => {
    await using pipe = pipeReader(load());
    const read = pipe.reader.read(100);
    setImmediate(() => pipe.write('late'));
    expect(text(await read)).toBe('late');
  });

  test.skipIf(missing)('answers empty at the end of file, again and again', async () => {
    await using pipe = pipeReader(load());
    pipe.write('last');
    pipe.closeWriter();
    expect(text(await pipe.reader.read(100))).toBe('last');
    expect(await pipe.reader.read(100)).toHaveLength(0);
    expect(await pipe.reader.read(100)).toHaveLength(0);
  });

  test.skipIf(missing)('wakes a waiting read when the last writer closes', async () => {
    await using pipe = pipeReader(load());
    const read = pipe.reader.read(100);
    setImmediate(() => pipe.closeWriter());
    expect(await read).toHaveLength(0);
  });

  test.skipIf(missing)('serves queued reads in the order of their calls', async () => {
    await using pipe = pipeReader(load());
    const reads = [pipe.reader.read(1), pipe.reader.read(2), pipe.reader.read(3)];
    pipe.write('abbccc');
    expect((await Promise.all(reads)).map(text)).toEqual(['a', 'bb', 'ccc']);
  });

  test.skipIf(missing)('an aborted read loses no byte and keeps its reason', async () => {
    await using pipe = pipeReader(load());
    const abort = new AbortController();
    const aborted = pipe.reader.read(100, { signal: abort.signal });
    const next = pipe.reader.read(100);
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toMatchObject({ code: 'aborted', cause: { message: 'enough' } });
    pipe.write('kept');
    expect(text(await next)).toBe('kept');
  });

  test.skipIf(missing)('a signal that has fired already reads nothing', async () => {
    await using pipe = pipeReader(load());
    pipe.write('kept');
    await expect(pipe.reader.read(9, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
    expect(text(await pipe.reader.read(9))).toBe('kept');
  });

  test.skipIf(missing)('a read past its time limit loses no byte', async () => {
    await using pipe = pipeReader(load());
    await expect(pipe.reader.read(9, { timeoutMs: 5 })).rejects.toMatchObject({ code: 'timed_out' });
    pipe.write('kept');
    expect(text(await pipe.reader.read(9))).toBe('kept');
  });

  test.skipIf(missing)('closing ends waiting and later reads with the code closed', async () => {
    await using pipe = pipeReader(load());
    const reads = [pipe.reader.read(9), pipe.reader.read(9)];
    pipe.reader.close();
    pipe.reader.close();
    for (const read of [...reads, pipe.reader.read(9)])
      await expect(read).rejects.toMatchObject({ code: 'closed' });
  });

  test.skipIf(missing)('reads ahead of nobody: a producer stops at the capacity of the pipe', async () => {
    const libc = load();
    await using pipe = pipeReader(libc, 4096);
    const producer = spawn('dd', ['if=/dev/zero', 'bs=1024', 'count=64', 'status=none'], {
      stdio: ['ignore', pipe.writeFd, 'ignore'],
    });
    const exited = new Promise((resolve) => producer.once('exit', resolve));
    pipe.closeWriter();
    expect(await pipe.reader.read(1024)).toHaveLength(1024);
    const first = await Promise.race([
      exited,
      new Promise((resolve) => setTimeout(resolve, 100, 'still writing')),
    ]);
    expect(first).toBe('still writing');
    let total = 1024;
    for (let bytes = await pipe.reader.read(8192); bytes.length > 0; bytes = await pipe.reader.read(8192)) {
      total += bytes.length;
    }
    expect(total).toBe(64 * 1024);
    expect(await exited).toBe(0);
  });

  test.skipIf(missing)('a fast producer does not starve the event loop', async () => {
    await using pipe = pipeReader(load());
    const producer = spawn('dd', ['if=/dev/zero', 'bs=64k', 'status=none'], {
      stdio: ['ignore', pipe.writeFd, 'ignore'],
    });
    const exited = new Promise((resolve) => producer.once('exit', resolve));
    pipe.closeWriter();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    while (ticks < 5) await pipe.reader.read(65536);
    clearInterval(timer);
    producer.kill('SIGKILL');
    await exited;
    // The last turn may have held more than one.
    expect(ticks).toBeGreaterThanOrEqual(5);
  });

  test.skipIf(missing)('more than 64 waiting reads are refused', async () => {
    await using pipe = pipeReader(load());
    const waiting = Array.from({ length: 64 }, () => pipe.reader.read(1));
    await expect(pipe.reader.read(1)).rejects.toMatchObject({ code: 'queue_overflow' });
    pipe.closeWriter();
    expect((await Promise.all(waiting)).every((bytes) => bytes.length === 0)).toBe(true);
  });

  test.skipIf(missing).each([0, -1, Number.NaN])('a limit of %s bytes is refused', async (maxBytes) => {
    await using pipe = pipeReader(load());
    await expect(pipe.reader.read(maxBytes)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  test.skipIf(missing)('an error of the descriptor rejects the read and names it', async () => {
    await using reader = createFdReader(openSync('/tmp', 'r'), load());
    await expect(reader.read(1)).rejects.toMatchObject({
      code: 'EISDIR',
      syscall: 'read',
      operand: `fd ${reader.fd}`,
    });
  });
});
