// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

import { releaseIngress } from './ingress.ts';
import { detourChangeSchema, endDetour, queueChangeSchema, releaseDevice } from './limit-rate.ts';
import { giveBackLink, macvtapChangeSchema } from './macvtap-link.ts';
import type { RunInNamespace } from './run-in-namespace.ts';
import { giveBackFunction, vfioChangeSchema } from './vfio-function.ts';

/** Filters at the ingress of a link. */
const mirrorChangeSchema = z.object({ kind: z.literal('mirror'), link: z.string() });

/** One thing that a sandbox changes on the host, with all it takes to take it back. Taps end with the hypervisor. */
export const networkChangeSchema = z.discriminatedUnion('kind', [
  mirrorChangeSchema,
  macvtapChangeSchema,
  vfioChangeSchema,
  queueChangeSchema,
  detourChangeSchema,
]);

/** One thing that a sandbox changes on the host, with all it takes to take it back. Taps end with the hypervisor. */
export type NetworkChange = z.infer<typeof networkChangeSchema>;

/** What taking back needs beside the change. */
export interface UndoContext {
  /** Absent when the namespace is gone: what was in it is gone, too. */
  readonly run: RunInNamespace | undefined;
  /** Run directory of the sandbox. */
  readonly directory: string;
  /** The mark of the sandbox's filters. */
  readonly cookie: string;
  /** Default `/sys`. */
  readonly sysfs?: string | undefined;
}

/**
 * Takes a change back, also one that was cut short or never made: it looks first. Errors: those of the tools.
 * @param change what may have been changed
 * @param context where
 */
export async function undoChange(change: NetworkChange, context: UndoContext): Promise<void> {
  const { run, directory, cookie, sysfs } = context;
  switch (change.kind) {
    case 'mirror':
      if (run !== undefined) await releaseIngress(change.link, cookie, run);
      return;
    case 'macvtap':
      if (run !== undefined) await giveBackLink(change, directory, run);
      return;
    case 'vfio':
      await giveBackFunction(change, sysfs);
      return;
    case 'queue':
      if (run !== undefined) await releaseDevice(change.device, cookie, run);
      return;
    case 'detour':
      if (run !== undefined) await endDetour(change, cookie, run);
      return;
    default:
      change satisfies never;
  }
}

/** What a change is of, for reports. */
export function changeName(change: NetworkChange): string {
  switch (change.kind) {
    case 'mirror':
      return `filters of ${change.link}`;
    case 'macvtap':
      return `macvtap of ${change.link}`;
    case 'vfio':
      return `driver of ${change.pciAddress}`;
    case 'queue':
    case 'detour':
      return `rate limit of ${change.device}`;
    default:
      return change satisfies never;
  }
}
