// SPDX-License-Identifier: Apache-2.0
import { dirname } from 'node:path';

import type { OciSpec } from '@hako/protocols';

import type { ContainerImage } from '../image/container-image.ts';
import type { Logger } from '../logger.ts';
import type { HostHooks } from './host-hooks.ts';

/** Where hooks run. */
export interface HookPlace {
  /** Process id of the hypervisor; `undefined` when it is not known. */
  readonly vmmPid: () => number | undefined;
  readonly logger: Logger;
  /** Called when the machine has ended, for containers that have not been removed before. */
  readonly endings: Set<() => Promise<void>>;
}

/**
 * Opens the hooks of a container; the code for them is loaded only where there are some.
 * @param containerId the container
 * @param image its image
 * @param spec its specification
 * @param place where they run
 */
export async function openHooks(
  containerId: string,
  { bundle, rootfs }: Pick<ContainerImage, 'bundle' | 'rootfs'>,
  { hooks = {}, ...spec }: OciSpec,
  { vmmPid, logger, endings }: HookPlace,
): Promise<Pick<HostHooks, 'beforeCreation' | 'afterStart' | 'afterEnd'>> {
  const module = await import('./host-hooks.ts');
  const opened = new module.HostHooks({
    ...{ containerId, vmmPid, logger },
    spec: { ...spec, hooks },
    bundle: bundle ?? dirname(rootfs),
  });
  const farewell = (): Promise<void> => opened.afterEnd();
  return {
    async beforeCreation(signal) {
      endings.add(farewell);
      await opened.beforeCreation(signal);
    },
    afterStart: () => opened.afterStart(),
    afterEnd: () => {
      endings.delete(farewell);
      return opened.afterEnd();
    },
  };
}
