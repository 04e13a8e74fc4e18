// SPDX-License-Identifier: Apache-2.0
import type { OciSpec } from '@hako/protocols';

import type { ContainerImage } from '../image/container-image.ts';
import { fromHypervisorFailure } from '../hypervisor-failure.ts';
import type { Logger } from '../logger.ts';
import type { LinkControl } from '../network/guest-network.ts';
import { hookDirectory, type DueHooks } from './due-hooks.ts';
import type { HostHooks } from './host-hooks.ts';
import { setUpHooks } from './set-up-hooks.ts';

/** Where hooks run. */
export interface HookPlace {
  /** Process id of the hypervisor; `undefined` when it is not known. */
  readonly vmmPid: () => number | undefined;
  readonly logger: Logger;
  /** Called when the machine has ended, for containers that have not been removed before. */
  readonly endings: Set<() => Promise<void>>;
  /** The links of the sandbox, which hooks may add to; absent where there are none, or they are another process's. */
  readonly links?: Pick<LinkControl, 'takeIn'> | undefined;
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
  image: Pick<ContainerImage, 'bundle' | 'rootfs'>,
  { hooks = {}, ...spec }: OciSpec,
  { vmmPid, logger, endings, links }: HookPlace,
): Promise<Pick<HostHooks, 'beforeCreation' | 'afterStart' | 'afterEnd'>> {
  const module = await import('./host-hooks.ts');
  const opened = new module.HostHooks({
    ...{ containerId, vmmPid, logger },
    spec: { ...spec, hooks },
    bundle: hookDirectory(image),
  });
  const hasSetUp = setUpHooks(hooks).length > 0;
  const farewell = (): Promise<void> => opened.afterEnd();
  return {
    async beforeCreation(signal) {
      endings.add(farewell);
      await opened.beforeCreation(signal);
      if (hasSetUp)
        await links?.takeIn({ signal }).catch((error: unknown) => {
          throw fromHypervisorFailure(error);
        });
    },
    afterStart: () => opened.afterStart(),
    afterEnd: () => {
      endings.delete(farewell);
      return opened.afterEnd();
    },
  };
}

/**
 * Opens the hooks that are still due for a container of a former owner.
 * @param containerId the container
 * @param due as that owner has written them down
 * @param place where they run
 */
export async function reopenHooks(
  containerId: string,
  { ociVersion, annotations, poststart, poststop, bundle }: DueHooks,
  { vmmPid, logger, endings }: HookPlace,
): Promise<Pick<HostHooks, 'afterStart' | 'afterEnd'>> {
  const module = await import('./host-hooks.ts');
  const hooks = { poststart: [...poststart], poststop: [...poststop] };
  const opened = new module.HostHooks({
    ...{ containerId, vmmPid, logger, bundle },
    spec: { ociVersion, ...(annotations && { annotations: { ...annotations } }), hooks },
  });
  const farewell = (): Promise<void> => opened.afterEnd();
  endings.add(farewell);
  return {
    afterStart: () => opened.afterStart(),
    afterEnd: () => {
      endings.delete(farewell);
      return opened.afterEnd();
    },
  };
}
