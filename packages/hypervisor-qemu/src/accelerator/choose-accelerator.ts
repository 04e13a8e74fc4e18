// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, type AcceleratorChoice } from '@hako/hypervisor';
import type { Accelerator, KvmVerdict } from './accelerator.ts';

/**
 * The accelerator for a choice. `auto` never fails: without a KVM that was seen to run a guest it is TCG.
 *
 * @throws HypervisorError `accelerator_unusable` for an explicit `kvm`, with the reason; what `judge` throws
 */
export async function chooseAccelerator(
  choice: AcceleratorChoice,
  judge: () => Promise<KvmVerdict>,
): Promise<Accelerator> {
  if (choice === 'tcg') return 'tcg';
  const verdict = await judge();
  if (verdict.usable) return 'kvm';
  if (choice === 'auto') return 'tcg';
  throw new HypervisorError('accelerator_unusable', `kvm does not work here: ${verdict.reason}`, {
    operand: 'kvm',
    remedy: 'use --accel auto or --accel tcg',
  });
}
