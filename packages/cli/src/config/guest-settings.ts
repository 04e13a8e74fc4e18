// SPDX-License-Identifier: Apache-2.0
import type { Configuration } from '@hako/configuration';
import type { GuestSetup } from '@hako/sandbox';

/**
 * Reads off a configuration what a guest is to have before it has containers.
 * @param configuration the configuration
 */
export function guestSettings(configuration: Configuration): GuestSetup {
  const kernelModules = configuration.list('agent.kata', 'kernel_modules');
  const guestHookPath = configuration.text('hypervisor.qemu', 'guest_hook_path');
  const bindMounts = configuration.list('runtime', 'sandbox_bind_mounts');
  return {
    ...(kernelModules.length === 0 ? {} : { kernelModules }),
    ...(guestHookPath === '' ? {} : { guestHookPath }),
    ...(bindMounts.length === 0 ? {} : { bindMounts }),
  };
}
