// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '@hako/hypervisor';
import { optionList } from './option-list.ts';

/** Id of the balloon. */
export const balloonId = 'balloon0';

/**
 * Arguments of a balloon: the guest reports pages it has freed, which the host then has back, and gets memory from the
 * balloon before it kills a process for want of it.
 */
export function balloonArguments({ balloon = false }: VmConfig, virtioSuffix: string): string[] {
  if (!balloon) return [];
  const options = { id: balloonId, 'deflate-on-oom': 'on', 'free-page-reporting': 'on' };
  return ['-device', optionList(`virtio-balloon-${virtioSuffix}`, options)];
}
