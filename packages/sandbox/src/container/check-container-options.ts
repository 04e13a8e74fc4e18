// SPDX-License-Identifier: Apache-2.0
import { noDevices } from '../devices/container-devices.ts';
import { resourcesOf } from './container-limits.ts';
import { validateContainerId, validateEnvironment, type ContainerOptions } from './container-options.ts';

/** Any id will do. */
const anyId = 'container';

/**
 * Checks what a container shall be, as far as that can be done without a machine, so that none is started in vain. Disks and
 * devices are looked at when it is created. Error: `invalid_options`.
 * @param options as for `Sandbox.createContainer`
 */
export async function checkContainerOptions(options: ContainerOptions): Promise<void> {
  const { id = anyId, env = [], image, limits = {}, volumes } = options;
  validateContainerId(id);
  validateEnvironment(env);
  resourcesOf(limits);
  const traits = { hostname: '', hasResolver: false, sharesPidNamespace: false };
  const { planContainer } = await import('./plan-container.ts');
  await planContainer(id, options, traits, noDevices(image, volumes));
}
