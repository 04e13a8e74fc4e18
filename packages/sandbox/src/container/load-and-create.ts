// SPDX-License-Identifier: Apache-2.0
import type { Container } from './container.ts';
import type { createContainer as create } from './create-container.ts';

/**
 * Creates a container, by code that is loaded now: the machine boots meanwhile. Parameters and errors are those of
 * `createContainer`.
 * @param parameters what to create, and in what
 */
export async function createContainer(...parameters: Parameters<typeof create>): Promise<Container> {
  const module = await import('./create-container.ts');
  return module.createContainer(...parameters);
}
