// SPDX-License-Identifier: Apache-2.0
import type { OciMount } from '@hako/protocols';

/**
 * Whether a mount is a bind, by its type or by an option of mount(8).
 * @param mount as a specification has it
 */
export function isBind({ type, options = [] }: Pick<OciMount, 'type' | 'options'>): boolean {
  return type === 'bind' || options.includes('bind') || options.includes('rbind');
}
