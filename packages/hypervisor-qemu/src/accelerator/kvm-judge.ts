// SPDX-License-Identifier: Apache-2.0
import type { KvmVerdict } from './accelerator.ts';
import type { VerdictCache, VerdictKey } from './verdict-cache.ts';

/** What a {@link KvmJudge} works with. */
export interface KvmJudgeComponents {
  readonly cache: Pick<VerdictCache, 'read' | 'write'>;
  readonly probe: (qemuPath: string, signal?: AbortSignal) => Promise<KvmVerdict>;
  readonly readBootId: () => Promise<string>;
  /** Told of a verdict that was found just now, never of a remembered one: so it is said once per boot. */
  readonly onVerdict: (verdict: KvmVerdict) => void;
}

/** Finds out once per boot of the host whether KVM runs guests, and remembers it. */
export class KvmJudge {
  readonly #components: KvmJudgeComponents;
  /** Holds where the cache directory cannot be written. */
  readonly #known = new Map<string, KvmVerdict>();

  constructor(components: KvmJudgeComponents) {
    this.#components = components;
  }

  /** @throws HypervisorError `aborted` */
  async verdict(qemuPath: string, signal?: AbortSignal): Promise<KvmVerdict> {
    const { cache, probe, readBootId, onVerdict } = this.#components;
    const known = this.#known.get(qemuPath);
    if (known !== undefined) return known;
    const key: VerdictKey = { bootId: await readBootId(), qemuPath };
    const remembered = await cache.read(key);
    const verdict = remembered ?? (await probe(qemuPath, signal));
    this.#known.set(qemuPath, verdict);
    if (remembered === undefined) {
      await cache.write(key, verdict);
      onVerdict(verdict);
    }
    return verdict;
  }
}
