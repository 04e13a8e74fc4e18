// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test, vi } from 'vitest';
import { stopProcess } from './stop-ladder.ts';
import type { ProcessEnd } from './vmm-process.ts';

type Means = 'request' | 'SIGTERM' | 'SIGKILL';

/** A process that ends on one of the means only; `answers` says whether it even replies to the request. */
function stubborn(endsOn: Means | undefined, answers = true) {
  const ended = Promise.withResolvers<ProcessEnd>();
  const tried: Means[] = [];
  const attempt = (means: Means) => {
    tried.push(means);
    if (means === endsOn) ended.resolve({ exitCode: 0, signal: null });
  };
  const request = () => {
    attempt('request');
    return answers ? Promise.resolve() : Promise.reject(new Error('no monitor'));
  };
  return { process: { ended: ended.promise, kill: attempt }, request, tried };
}

describe('stopProcess', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test.for([
    { endsOn: 'request', stoppedBy: 'request', tried: ['request'] },
    { endsOn: 'SIGTERM', stoppedBy: 'sigterm', tried: ['request', 'SIGTERM'] },
    { endsOn: 'SIGKILL', stoppedBy: 'sigkill', tried: ['request', 'SIGTERM', 'SIGKILL'] },
  ] as const)('a process that ends on $endsOn', async ({ endsOn, stoppedBy, tried }) => {
    vi.useFakeTimers();
    const it = stubborn(endsOn);
    const stopped = stopProcess(it.process, it.request, 5_000);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await stopped).toMatchObject({ stoppedBy, end: { exitCode: 0 } });
    expect(it.tried).toEqual(tried);
  });

  test('a request in vain is not waited for', async () => {
    vi.useFakeTimers();
    const it = stubborn('SIGTERM', false);
    // No time passes.
    expect(await stopProcess(it.process, it.request, 5_000)).toMatchObject({ stoppedBy: 'sigterm' });
  });

  test('even a process that cannot be reaped is given up in time', async () => {
    vi.useFakeTimers();
    const it = stubborn(undefined);
    const stopped = stopProcess(it.process, it.request, 5_000);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await stopped).toEqual({ stoppedBy: 'sigkill', end: undefined });
  });
});
