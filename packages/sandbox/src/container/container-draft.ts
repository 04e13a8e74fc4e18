// SPDX-License-Identifier: Apache-2.0
import type { ContainerDevices } from '../devices/container-devices.ts';
import { dueHooks } from '../hooks/due-hooks.ts';
import type { HostHooks } from '../hooks/host-hooks.ts';
import { openHooks } from '../hooks/open-hooks.ts';
import { checkAgainstMachine } from '../resources/machine-traits.ts';
import type { ContainerHost } from './container-host.ts';
import { resourcesOf } from './container-limits.ts';
import { validateContainerId, validateEnvironment, type ContainerOptions } from './container-options.ts';
import type { ContainerRecord } from './container-record.ts';
import { processDefaults } from './exec-process.ts';
import { planContainer, type ContainerPlan } from './plan-container.ts';

/** A container that has been checked and planned; nothing is made for it yet. */
export interface ContainerDraft {
  readonly options: ContainerOptions;
  readonly plan: ContainerPlan;
  /** What others have to know of it. */
  readonly record: ContainerRecord;
  readonly devices: ContainerDevices;
  /** Absent: its bundle has none. */
  readonly hooks?: Pick<HostHooks, 'beforeCreation' | 'afterStart' | 'afterEnd'>;
}

/**
 * Checks and plans a container. Error: `invalid_options`.
 * @param host the sandbox
 * @param id checked to be free
 * @param options what it shall be
 */
export async function draftContainer(
  host: ContainerHost,
  id: string,
  options: ContainerOptions,
): Promise<ContainerDraft> {
  const { env = [], image, limits = {}, stdin = 'closed', terminal = false } = options;
  validateContainerId(id);
  validateEnvironment(env);
  checkAgainstMachine(resourcesOf(limits), host.machine);
  const devices = await host.devices.open(id, options);
  const plan = await planContainer(id, options, host, devices);
  const { shares, spec } = plan;
  const due = dueHooks(image, spec);
  const hostCpus = spec.linux?.resources?.cpu?.cpus;
  return {
    ...{ options, plan, devices },
    record: {
      id,
      state: 'creating',
      terminal,
      command: spec.process?.args ?? [],
      process: processDefaults(spec.process),
      closeStdin: stdin === 'closed' && !terminal,
      shares: shares.map(({ name }) => name),
      ...(hostCpus === undefined ? {} : { hostCpus }),
      ...(due && { hooks: due }),
    },
    ...(spec.hooks !== undefined && { hooks: await openHooks(id, image, spec, host.hooks) }),
  };
}
