// SPDX-License-Identifier: Apache-2.0
import { DeviceManagerError } from './device-manager-error.ts';

/** Limits of one operation. An operation under way is given up by the virtual machine's driver, which tidies up first. */
export interface DeviceCallOptions {
  /** Aborting ends the operation with code `aborted`. */
  readonly signal?: AbortSignal;
  /** Milliseconds after which the operation ends with code `timed_out`. Default: no limit. */
  readonly timeoutMs?: number;
}

interface Operation {
  readonly code: 'attach_failed' | 'detach_failed';
  readonly device: string;
  readonly hostPath: string;
}

/** Runs an operation within limits and translates its failure; the one place where that happens. */
export async function withLimits(
  { signal, timeoutMs }: DeviceCallOptions,
  { code, device, hostPath }: Operation,
  run: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const expiry = new AbortController();
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => expiry.abort(), timeoutMs);
  const either = signal === undefined ? expiry.signal : AbortSignal.any([signal, expiry.signal]);
  try {
    await run(either);
  } catch (cause) {
    if (cause instanceof DeviceManagerError) throw cause;
    const verb = code === 'attach_failed' ? 'attaching' : 'detaching';
    const what = `${verb} device ${device} (${hostPath})`;
    if (signal?.aborted === true) {
      throw new DeviceManagerError('aborted', `${what} was aborted`, { device, cause: signal.reason });
    }
    if (expiry.signal.aborted) {
      throw new DeviceManagerError('timed_out', `${what} took longer than ${timeoutMs} ms`, {
        device,
        cause,
      });
    }
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceManagerError(code, `${what} failed: ${problem}`, { device, cause });
  } finally {
    clearTimeout(timer);
  }
}
