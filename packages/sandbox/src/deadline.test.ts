// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { withDeadline } from './deadline.ts';

const never = (): Promise<never> => new Promise(() => undefined);

test('a phase that ignores its signal is given up at its limit', async () => {
  await expect(withDeadline('phase', { timeoutMs: 5 }, never)).rejects.toMatchObject({
    code: 'timeout',
    message: 'phase took longer than 5 ms',
  });
});

test('an abort ends the phase with its reason as cause', async () => {
  const controller = new AbortController();
  const waiting = withDeadline('phase', { signal: controller.signal }, never);
  const reason = new Error('enough');
  controller.abort(reason);
  await expect(waiting).rejects.toMatchObject({ code: 'aborted', cause: reason });
});

test('a signal that has fired already starts nothing', async () => {
  let started = false;
  const waiting = withDeadline('phase', { signal: AbortSignal.abort() }, async () => {
    started = true;
  });
  await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
  expect(started).toBe(false);
});

test('the phase is told when it is given up', async () => {
  let told: AbortSignal | undefined;
  await withDeadline('phase', { timeoutMs: 5 }, (signal) => {
    told = signal;
    return never();
  }).catch(() => undefined);
  expect(told?.aborted).toBe(true);
});
