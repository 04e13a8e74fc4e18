// SPDX-License-Identifier: Apache-2.0
import type { Configuration } from '@hako/configuration';

import type { ContainerChoices } from '../container-words.ts';

/**
 * Reads off a configuration what of a bundle is for the guest. SELinux is the guest's only where a label is named for it: the
 * key that switches it off is absent from most files.
 * @param configuration the configuration
 */
export function containerSettings(configuration: Configuration): ContainerChoices {
  const label = configuration.text('runtime', 'guest_selinux_label');
  const hasSelinux = label !== '' && !configuration.switch('hypervisor.qemu', 'disable_guest_selinux');
  return {
    emptyDirs: configuration.switch('runtime', 'disable_guest_empty_dir') ? 'host' : 'guest',
    guest: {
      seccomp: !configuration.switch('runtime', 'disable_guest_seccomp'),
      isVfioForKernel: configuration.text('runtime', 'vfio_mode') === 'guest-kernel',
      ...(hasSelinux ? { selinux: { label } } : {}),
    },
  };
}

/**
 * Puts the words of the command line over what a configuration says. A filter that is named there is wanted in the guest.
 * @param configured the configuration's
 * @param chosen the words'
 */
export function mergeChoices(configured: ContainerChoices, chosen: ContainerChoices): ContainerChoices {
  const isFilterNamed = chosen.seccomp !== undefined && chosen.seccomp !== 'unconfined';
  const guest = { ...configured.guest, ...chosen.guest, ...(isFilterNamed ? { seccomp: true } : {}) };
  return { ...configured, ...chosen, guest };
}
