// SPDX-License-Identifier: Apache-2.0
import { copyFile } from 'node:fs/promises';

import type { VirtualMachine } from '@hako/hypervisor';

import type { UndoStack } from './undo-stack.ts';

/** How long the machine may resist its end. */
const stopTimeoutMs = 5_000;

/**
 * Remembers that a machine has to be stopped, and that what its console said may be wanted afterwards.
 * @param undo the sandbox's
 * @param vm its machine
 * @param keepConsoleLog where to copy the console's log, if anywhere
 */
export function undoMachine(undo: UndoStack, vm: VirtualMachine, keepConsoleLog: string | undefined): void {
  undo.push('virtual machine', async () => {
    await vm.stop({ timeoutMs: stopTimeoutMs });
    if (keepConsoleLog !== undefined) await copyFile(vm.consoleLogPath, keepConsoleLog);
  });
}
