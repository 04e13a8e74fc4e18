// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { HypervisorError, type Hypervisor, type VirtualMachine, type VmConfig } from '@hako/hypervisor';

import type { Logger } from '../logger.ts';
import { TemplateStore } from './template-store.ts';

/**
 * How a machine comes to its agent. A machine that is saved, or that started from what was saved, gets its file sharing
 * afterwards: QEMU saves none that has a back end outside of it.
 */
export type BootPlan =
  /** It boots, with its file sharing. */
  | { readonly kind: 'cold' }
  /** It boots and is saved for those that come after it. */
  | { readonly kind: 'save'; readonly templates: TemplateStore; readonly key: string }
  /** It starts where a saved one stood. */
  | { readonly kind: 'clone' };

/** When machines are started from a template. */
export type TemplateUse = 'auto' | 'always' | 'never';

/** A machine that is not started yet, and how it will be. */
export interface PlannedMachine {
  readonly vm: VirtualMachine;
  readonly plan: BootPlan;
}

/** What {@link planMachine} works with. */
export interface PlanComponents {
  readonly hypervisor: Hypervisor;
  readonly logger: Logger;
}

/** What {@link planMachine} plans for. */
export interface PlanRequest {
  /** Without devices that cannot be saved. */
  readonly config: VmConfig;
  /** Those devices. */
  readonly unsavedDevices: VmConfig['devices'];
  readonly use: TemplateUse;
  readonly cacheDirectory: string;
  readonly signal: AbortSignal;
}

/**
 * Makes a machine, from a template if there is a fitting one and it is of use. A template that is damaged is removed, and
 * the machine boots. Errors: those of `createVm`.
 * @param request what machine
 * @param components what makes it
 */
export async function planMachine(
  request: PlanRequest,
  { hypervisor, logger }: PlanComponents,
): Promise<PlannedMachine> {
  const { config, unsavedDevices, use, cacheDirectory, signal } = request;
  const support = use === 'never' ? undefined : await hypervisor.snapshotSupport(config, { signal });
  if (support === undefined || (use === 'auto' && !support.emulated)) {
    const whole = { ...config, devices: [...config.devices, ...unsavedDevices] };
    return { vm: await hypervisor.createVm(whole, { signal }), plan: { kind: 'cold' } };
  }
  const templates = new TemplateStore(join(cacheDirectory, 'templates'));
  const { key } = support;
  const restoreFrom = await templates.find(key);
  if (restoreFrom !== undefined) {
    try {
      const vm = await hypervisor.createVm({ ...config, restoreFrom }, { signal });
      return { vm, plan: { kind: 'clone' } };
    } catch (error) {
      if (!HypervisorError.is(error) || error.code !== 'snapshot_unusable') throw error;
      logger.warn({ error, template: restoreFrom }, 'template is damaged and was removed');
      await templates.drop(key);
    }
  }
  return { vm: await hypervisor.createVm(config, { signal }), plan: { kind: 'save', templates, key } };
}
