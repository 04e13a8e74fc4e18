// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { Lifeline } from '../lifeline.ts';
import { Timeline } from '../timeline.ts';
import { attachDevices } from './attach-devices.ts';
import { foreignDevices } from './device-host.ts';

const never = new Promise<never>(() => undefined);

test('the wait for a machine that boots ends when the caller gives it up, and nothing is attached', async () => {
  const controller = new AbortController();
  const attached: string[] = [];
  const devices = {
    ...{ mounts: [], volumes: [], hasAny: true, hasBlockRoot: false },
    attach: () => {
      attached.push('device');
      return Promise.resolve({ devices: [], storages: [], edit: () => ({ ociVersion: '1.1.0' }) });
    },
    detach: () => Promise.resolve(),
  };
  const host = {
    ...{ ready: never, lifeline: new Lifeline(), timeline: new Timeline(() => 0) },
    devices: { ...foreignDevices, machineRuns: never },
  };
  const attaching = attachDevices(devices, host, controller.signal);
  controller.abort(new Error('enough'));
  await expect(attaching).rejects.toMatchObject({ code: 'aborted' });
  expect(attached).toEqual([]);
});
