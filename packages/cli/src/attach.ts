// SPDX-License-Identifier: Apache-2.0
import { attachSandbox, type AttachedSandbox } from '@hako/sandbox';

import type { CliComponents } from './cli-components.ts';

/**
 * Attaches to a sandbox that another process owns, with the program's own parts. Errors: those of `attachSandbox`.
 * @param id the sandbox, or the unique beginning of its name
 * @param components the program's world
 * @param signal ends the attempt
 */
export function attachTo(
  id: string,
  { sandbox: { connectAgent, joinFileShare } }: Pick<CliComponents, 'sandbox'>,
  signal?: AbortSignal,
): Promise<AttachedSandbox> {
  return attachSandbox(id, {
    ...(signal === undefined ? {} : { signal }),
    ...(connectAgent === undefined ? {} : { connectAgent }),
    ...(joinFileShare === undefined ? {} : { joinFileShare }),
  });
}
