// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, type AcceleratorChoice } from '@hako/hypervisor';
import type { Accelerator, KvmVerdict } from './accelerator.ts';
import type { VerdictCache, VerdictKey } from './verdict-cache.ts';

/** What the choice depends on. */
export interface AcceleratorComponents {
  readonly cache: Pick<VerdictCache, 'read' | 'write'>;
  readonly key: VerdictKey;
  readonly probe: (signal?: AbortSignal) => Promise<KvmVerdict>;
  /** Called once per boot and QEMU: with the verdict that was found just now, not with a remembered one. */
  readonly onVerdict: (verdict: KvmVerdict) => void;
}

/**
 * The accelerator for a choice. `auto` never fails: without a KVM that was seen to run a guest it is TCG.
 *
 * @throws HypervisorError `accelerator_unusable` for an explicit `kvm` with the reason | `aborted`
 */
export async function chooseAccelerator(
  choice: AcceleratorChoice,
  components: AcceleratorComponents,
  signal?: AbortSignal,
): Promise<Accelerator> {
  if (choice === 'tcg') return 'tcg';
  const verdict = await kvmVerdict(components, signal);
  if (verdict.usable) return 'kvm';
  if (choice === 'auto') return 'tcg';
  throw new HypervisorError('accelerator_unusable', `kvm does not work here: ${verdict.reason}`, {
    operand: 'kvm',
    remedy: 'use --accel auto or --accel tcg',
  });
}

async function kvmVerdict(components: AcceleratorComponents, signal?: AbortSignal): Promise<KvmVerdict> {
  const { cache, key, probe, onVerdict } = components;
  const known = await cache.read(key);
  if (known !== undefined) return known;
  const verdict = await probe(signal);
  await cache.write(key, verdict);
  onVerdict(verdict);
  return verdict;
}
