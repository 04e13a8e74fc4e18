// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

/** Sockets of a QEMU that survives its owner; one connection each at a time, and a next one after it. */
export interface SurvivalSockets {
  readonly monitorPath: string;
  readonly consolePath: string;
}

/** Their places in the run directory. */
export function survivalSockets(runDir: string): SurvivalSockets {
  return { monitorPath: join(runDir, 'qmp.sock'), consolePath: join(runDir, 'console.sock') };
}
