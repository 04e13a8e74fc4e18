// SPDX-License-Identifier: Apache-2.0
import type { GuestProcess, TerminalSize } from '@hako/sandbox';

import type { OutputStream } from '../console-streams.ts';

const usual: TerminalSize = { rows: 24, columns: 80 };

/**
 * Keeps the workload's terminal as large as ours, from now until the answer is disposed of.
 * @param stdout our terminal; 80 by 24 when it is none
 * @param workload whose terminal follows
 */
export async function followTerminalSize(
  stdout: OutputStream,
  workload: Pick<GuestProcess, 'resize'>,
): Promise<Disposable> {
  const apply = (): Promise<void> =>
    workload.resize({ rows: stdout.rows ?? usual.rows, columns: stdout.columns ?? usual.columns });
  // A resize that comes too late for the workload has no one to tell.
  const onResize = (): void => void apply().catch(() => undefined);
  stdout.on('resize', onResize);
  await apply().catch(() => undefined);
  return { [Symbol.dispose]: () => stdout.off('resize', onResize) };
}
