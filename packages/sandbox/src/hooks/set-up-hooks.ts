// SPDX-License-Identifier: Apache-2.0
import type { OciHook, OciHooks } from '@hako/protocols';

/**
 * The hooks that run before a container is created, in the order of the OCI. They may set up the network of its sandbox.
 * @param hooks of the container
 */
export function setUpHooks({ prestart = [], createRuntime = [] }: OciHooks = {}): readonly OciHook[] {
  return [...prestart, ...createRuntime];
}
