// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findPort, openPort } from './port.ts';
import { openPty } from './pty.ts';
import { createTerminal } from './terminal.ts';
import { backends } from './testing/backends.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';

test('a port is found by its name, whatever its number', () => {
  using directory = temporaryDirectory();
  for (const [port, name] of Object.entries({ vport0p1: 'console', vport3p2: 'hako.agent.0' })) {
    mkdirSync(join(directory.path, port));
    writeFileSync(join(directory.path, port, 'name'), `${name}\n`);
  }
  mkdirSync(join(directory.path, 'vport9p0'));
  expect(findPort('hako.agent.0', { sysfs: directory.path })).toBe('/dev/vport3p2');
  expect(findPort('console', { sysfs: directory.path, devfs: '/d' })).toBe('/d/vport0p1');
  expect(findPort('hako.agent', { sysfs: directory.path })).toBeUndefined();
  expect(findPort('any', { sysfs: join(directory.path, 'missing') })).toBeUndefined();
});

// The slave of a raw pseudo-terminal is a character device too; virtio-serial needs a virtual machine.
describe.each(backends)('a port through $title', ({ missing, load }) => {
  test.skipIf(missing)('carries bytes both ways and ends when the other side goes', async () => {
    const libc = load();
    const { masterFd, slavePath } = openPty(libc);
    execFileSync('stty', ['-F', slavePath, 'raw', '-echo']);
    const host = createTerminal(masterFd, libc);
    const port = openPort(slavePath, {}, libc);
    port.write('from the guest');
    expect(Buffer.from(await host.reader.read(100)).toString()).toBe('from the guest');
    await host.writer.write(Buffer.from('from the host'));
    expect(String((await once(port, 'data'))[0])).toBe('from the host');
    // Whichever of the two the end of the other side is.
    const ended = new Promise((resolve) => port.once('close', resolve));
    port.on('end', () => port.destroy()).on('error', () => port.destroy());
    host.close();
    await ended;
    expect(port.destroyed).toBe(true);
  });

  test.skipIf(missing)('a host that is connected already is told about in the same turn', async () => {
    const libc = load();
    const { masterFd, slavePath } = openPty(libc);
    await using _host = createTerminal(masterFd, libc);
    let peers = 0;
    const port = openPort(slavePath, { onPeer: () => (peers += 1) }, libc);
    expect(peers).toBe(0);
    await Promise.resolve();
    expect(peers).toBe(1);
    port.destroy();
    await once(port, 'close');
  });

  test.skipIf(missing)('destroying it leaves a waiting read without an error', async () => {
    const libc = load();
    const { masterFd, slavePath } = openPty(libc);
    await using host = createTerminal(masterFd, libc);
    const port = openPort(slavePath, {}, libc);
    await host.writer.write(Buffer.from('nobody reads this line\n'));
    await once(port.resume(), 'data');
    port.destroy();
    await once(port, 'close');
    expect(port.errored).toBeNull();
  });

  test.skipIf(missing)('a device that is missing throws at once', () => {
    expect(() => openPort('/dev/no-such-port', {}, load())).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
  });
});
