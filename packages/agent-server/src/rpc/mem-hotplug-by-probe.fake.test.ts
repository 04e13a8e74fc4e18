// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';

describe('MemHotplugByProbe on a fake machine', () => {
  test('tells the kernel of one address after the other', async () => {
    await using harness = await startFakeAgent();
    const probe = join(harness.devices.tree.sysDir, 'devices/system/memory/probe');
    await mkdir(dirname(probe), { recursive: true });
    execFileSync('mkfifo', [probe]);
    await using pipe = await open(probe, constants.O_RDWR | constants.O_NONBLOCK);
    await harness.client.memHotplugByProbe({ memHotplugProbeAddr: [0n, 0xabc_d000n, 2n ** 64n - 1n] });
    const { buffer, bytesRead } = await pipe.read({ buffer: Buffer.alloc(256) });
    expect(buffer.toString('utf8', 0, bytesRead)).toBe('0x00xABCD0000xFFFFFFFFFFFFFFFF');
  });
});
