// SPDX-License-Identifier: Apache-2.0

/** Methods that a class offers, each behind a prefix and a dot. */
export function publicMembers(prefix: string, prototype: object): readonly string[] {
  return Object.getOwnPropertyNames(prototype)
    .filter((name) => name !== 'constructor' && isMethod(prototype, name))
    .map((name) => `${prefix}.${name}`);
}

function isMethod(prototype: object, name: string): boolean {
  return typeof Object.getOwnPropertyDescriptor(prototype, name)?.value === 'function';
}
