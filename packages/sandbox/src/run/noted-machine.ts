// SPDX-License-Identifier: Apache-2.0
import type { VirtualMachine } from '@hako/hypervisor';

const changes: readonly (string | symbol)[] = [
  'plug',
  'unplug',
  'resizeMemory',
  'resizeBlock',
] satisfies (keyof VirtualMachine)[];

/**
 * The same machine, with a word after each change of its devices. The caller of the change waits until the word is taken.
 * @param vm the machine
 * @param onChange must not reject
 */
export function notedMachine(vm: VirtualMachine, onChange: () => Promise<void>): VirtualMachine {
  return new Proxy(vm, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (!changes.includes(name)) return (...args: unknown[]): unknown => Reflect.apply(value, target, args);
      return async (...args: unknown[]): Promise<unknown> => {
        try {
          const result: unknown = await Reflect.apply(value, target, args);
          return result;
        } finally {
          await onChange();
        }
      };
    },
  });
}
