// SPDX-License-Identifier: Apache-2.0
import type { RateLimits } from '../network-options.ts';
import type { TcQdisc } from './ip-output.ts';

/** One limit of a card: where the kernel of the host holds packets back. */
export type PlannedRate =
  /** As they leave by a device. */
  | {
      readonly at: 'root';
      readonly device: string;
      readonly bitsPerSecond: number;
      /** Whether the device outlives the machine. */
      readonly isLasting: boolean;
    }
  /** As they come in by a device: they make a detour over another one, an ifb, and are held back as they leave that one. */
  | { readonly at: 'ingress'; readonly device: string; readonly ifb: string; readonly bitsPerSecond: number };

/** A device of a card on the host. */
interface CardDevice {
  readonly name: string;
  /** Whether it outlives the machine. */
  readonly isLasting: boolean;
}

/** The devices of a card: by which packets leave the host for the guest, and by which those of the guest leave. */
export interface CardDevices {
  /** Absent: what is for the guest comes in by the other one. */
  readonly toGuest?: CardDevice;
  /** Absent: what is from the guest comes in by the other one. */
  readonly fromGuest?: CardDevice;
}

/**
 * Plans how the limits of a card are kept.
 * @param rates the limits
 * @param devices of the card
 * @param index number of the card
 */
export function planRates(
  { receiveBitsPerSecond, sendBitsPerSecond }: RateLimits,
  { toGuest, fromGuest }: CardDevices,
  index: number,
): readonly PlannedRate[] {
  const plan = (
    bitsPerSecond: number | undefined,
    leaving: CardDevice | undefined,
    coming: CardDevice | undefined,
  ): readonly PlannedRate[] => {
    if (bitsPerSecond === undefined) return [];
    if (leaving !== undefined) {
      const { name: device, isLasting } = leaving;
      return [{ at: 'root', device, isLasting, bitsPerSecond }];
    }
    const ifb = `ifb${index}_hako`;
    return coming === undefined ? [] : [{ at: 'ingress', device: coming.name, ifb, bitsPerSecond }];
  };
  return [...plan(receiveBitsPerSecond, toGuest, fromGuest), ...plan(sendBitsPerSecond, fromGuest, toGuest)];
}

/**
 * Tells whether somebody has set already what a limit needs for itself.
 * @param rate the limit
 * @param qdiscs of the namespace
 */
export function isTaken({ at, device }: PlannedRate, qdiscs: readonly TcQdisc[]): boolean {
  return qdiscs.some(
    ({ dev, kind, root, handle }) =>
      dev === device &&
      // What the kernel gives by itself has no number, and makes way.
      (at === 'root' ? root === true && handle !== '0:' : kind === 'ingress' || kind === 'clsact'),
  );
}
