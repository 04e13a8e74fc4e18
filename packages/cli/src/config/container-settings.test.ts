// SPDX-License-Identifier: Apache-2.0
import { Configuration, type FoundValue } from '@hako/configuration';
import { expect, test } from 'vitest';

import type { ContainerChoices } from '../container-words.ts';
import { containerSettings, mergeChoices } from './container-settings.ts';

const runtime = (key: string, value: string | boolean): FoundValue => ({ section: 'runtime', key, value });
const noSelinux: FoundValue = { section: 'hypervisor.qemu', key: 'disable_guest_selinux', value: true };

test.for<{ found: readonly FoundValue[]; gives: ContainerChoices }>([
  { found: [], gives: { emptyDirs: 'guest', guest: { seccomp: true, isVfioForKernel: false } } },
  {
    found: [runtime('disable_guest_empty_dir', true), runtime('disable_guest_seccomp', true)],
    gives: { emptyDirs: 'host', guest: { seccomp: false, isVfioForKernel: false } },
  },
  {
    found: [runtime('vfio_mode', 'guest-kernel'), runtime('guest_selinux_label', 'a:b:c')],
    gives: {
      emptyDirs: 'guest',
      guest: { seccomp: true, isVfioForKernel: true, selinux: { label: 'a:b:c' } },
    },
  },
  {
    found: [noSelinux, runtime('guest_selinux_label', 'a:b:c')],
    gives: { emptyDirs: 'guest', guest: { seccomp: true, isVfioForKernel: false } },
  },
])('the settings $found mean $gives', ({ found, gives }) => {
  const configuration = Configuration.defaults().with(found, () => ({ kind: 'file', file: 'x' }));
  expect(containerSettings(configuration)).toEqual(gives);
});

test.for<{ chosen: ContainerChoices; seccomp: boolean }>([
  { chosen: {}, seccomp: false },
  { chosen: { seccomp: 'unconfined' }, seccomp: false },
  { chosen: { seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } }, seccomp: true },
])('with the choice $chosen filters are for the guest: $seccomp', ({ chosen, seccomp }) => {
  const merged = mergeChoices({ emptyDirs: 'guest', guest: { seccomp: false } }, chosen);
  expect(merged).toMatchObject({ emptyDirs: 'guest', ...chosen, guest: { seccomp } });
});
