// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OciSpec } from '@hako/protocols';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';

/** As sysctl(8) writes them: dots between the parts, which may have anything else in them. */
const keyPattern = /^net(\.[\w-]+)+$/;

function isOfNetwork([key]: readonly [string, string]): boolean {
  return key.startsWith('net.');
}

/**
 * Sets the kernel parameters of the network, which all containers of the guest share, and takes them out of a specification:
 * OCI runtimes want a network namespace of its own for them. As upstream, a parameter there is not is left out.
 *
 * @param directory - where the kernel has its parameters
 * @throws AgentError `invalid_spec` for a name that is none or a value the kernel does not take
 */
export async function applyNetworkSysctls(spec: OciSpec, directory = '/proc/sys'): Promise<OciSpec> {
  const all = Object.entries(spec.linux?.sysctl ?? {});
  const ofNetwork = all.filter(isOfNetwork);
  if (ofNetwork.length === 0) return spec;
  for (const [key, value] of ofNetwork) {
    const fail = (cause?: unknown) =>
      new AgentError('invalid_spec', `sysctl ${JSON.stringify(`${key}=${value}`)} cannot be set`, {
        operand: key,
        cause,
      });
    if (!keyPattern.test(key)) throw fail();
    try {
      await writeFile(join(directory, ...key.split('.')), value, { flag: 'r+' });
    } catch (error) {
      if (errnoName(error) !== 'ENOENT') throw fail(error);
    }
  }
  const sysctl = Object.fromEntries(all.filter((entry) => !isOfNetwork(entry)));
  return { ...spec, linux: { ...spec.linux, sysctl } };
}
