// SPDX-License-Identifier: Apache-2.0
import { resizedTmpfs } from '../container/mounts/ephemeral-mount.ts';
import type { WireStorage } from '../container/mounts/wire-storage.ts';
import type { Lifeline } from '../lifeline.ts';
import type { Logger } from '../logger.ts';
import type { GrowthAgent } from '../process/guest-agent.ts';

/** A volume in the guest's memory that has no size of its own; JSON data. */
export interface MemoryVolume {
  /** Where the guest has it. */
  readonly mountPoint: string;
  /** The group it is given to. Absent: nobody's. */
  readonly groupId?: number;
}

/**
 * Picks the volumes that may be as large as the machine.
 * @param storages of a container
 */
export function memoryVolumes(storages: readonly WireStorage[]): readonly MemoryVolume[] {
  return storages.flatMap(({ driver, fstype, mountPoint, options = [] }) => {
    if (driver !== 'ephemeral' || fstype !== 'tmpfs' || mountPoint === undefined) return [];
    if (options.some((option) => option.startsWith('size='))) return [];
    const groupId = Number(/^fsgid=(\d+)$/m.exec(options.join('\n'))?.[1] ?? 0);
    return [{ mountPoint, ...(groupId > 0 && { groupId }) }];
  });
}

/** What {@link VolumeStretcher} works with. */
export interface VolumeStretcherParts {
  readonly lifeline: Pick<Lifeline, 'call' | 'isLost'>;
  readonly logger: Pick<Logger, 'warn'>;
  /** Memory of the machine at boot, in MiB: what volumes are made for. */
  readonly memoryMib: number;
}

/** Has volumes in memory be as large as a machine that has grown. They do not shrink with it. */
export class VolumeStretcher {
  readonly #parts: VolumeStretcherParts;
  /** In MiB, by mount point. */
  readonly #sizes = new Map<string, number>();

  constructor(parts: VolumeStretcherParts) {
    this.#parts = parts;
  }

  /**
   * Makes volumes larger that were made for a smaller machine. Never rejects: a failure is logged, and tried again the next time.
   * @param volumes in the guest
   * @param memoryMib of the machine
   * @param agent of the guest
   * @param signal ends the wait
   */
  async stretch(
    volumes: readonly MemoryVolume[],
    memoryMib: number,
    agent: Pick<GrowthAgent, 'updateEphemeralMounts'>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { lifeline, logger, memoryMib: bootMib } = this.#parts;
    const small = new Map(
      volumes
        .filter(({ mountPoint }) => (this.#sizes.get(mountPoint) ?? bootMib) < memoryMib)
        .map((volume) => [volume.mountPoint, volume]),
    );
    if (small.size === 0) return;
    const storages = [...small.values()].map((volume) => resizedTmpfs(volume, memoryMib));
    try {
      await lifeline.call('growth of volumes', signal, (both) =>
        agent.updateEphemeralMounts({ storages }, { signal: both }),
      );
      for (const mountPoint of small.keys()) this.#sizes.set(mountPoint, memoryMib);
    } catch (error) {
      if (!lifeline.isLost)
        logger.warn({ error, memoryMib }, 'volumes in memory did not grow with the machine');
    }
  }
}
