// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { openUeventSocket } from '@hako/linux';
import { expect, test } from 'vitest';
import { createDeviceWatch } from './device-watch.ts';

const trigger = '/sys/class/mem/null/uevent';
const reason = process.getuid?.() !== 0 ? 'needs root' : existsSync(trigger) ? undefined : 'needs sysfs';

const warnings: unknown[] = [];
const note = () => undefined;
const logger = { debug: note, info: note, error: note, warn: (fields: object) => void warnings.push(fields) };

test.skipIf(reason !== undefined)(
  `an event of this kernel ends a wait, and the subscription with it${reason ? ` (skipped: ${reason})` : ''}`,
  async () => {
    const { wait } = createDeviceWatch({
      tree: { sysDir: '/sys', devDir: '/dev' },
      openUevents: (options) => openUeventSocket(options),
      loadDrivers: () => Promise.resolve(false),
      logger,
      timeoutMs: 10_000,
    });
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    let looks = 0;
    const query = {
      description: 'the second look',
      subsystems: ['mem'],
      find() {
        looks += 1;
        // The subscription is there by the first look: what it provokes is not missed.
        if (looks === 1) writeFileSync(trigger, 'change');
        return Promise.resolve(looks > 1 ? looks : undefined);
      },
    };
    expect(await wait(query)).toBe(2);
    expect(warnings).toEqual([]);
    await expect.poll(descriptors).toBeLessThanOrEqual(before);
  },
);
