// SPDX-License-Identifier: Apache-2.0
import type { SandboxComponents } from '../../sandbox-components.ts';
import type { SandboxConfig } from '../../sandbox-options.ts';
import { formatNumberList } from '../number-list.ts';

/**
 * Plans the NUMA nodes of a sandbox that is to have some, by those of the host. Which these were is kept in its options, so that
 * another owner finds the same. Errors: `invalid_options`, `tool_failed`.
 * @param config the sandbox's
 * @param components what tells of the host
 */
export async function withNuma(
  config: SandboxConfig,
  { readHostNodes, logger }: Pick<SandboxComponents, 'readHostNodes' | 'logger'>,
): Promise<SandboxConfig> {
  const { options, sizing } = config;
  if (options.numa === undefined) return config;
  const { planNuma } = await import('./plan-numa.ts');
  const machine = { bounds: sizing.bounds, hugePages: options.tuning?.hugePages === true };
  const numa = planNuma(options.numa, machine, await readHostNodes());
  if (numa.length === 0) {
    logger.warn({ vcpus: sizing.bounds.boot.vcpus }, 'the guest has fewer CPUs than the host has NUMA nodes');
    return config;
  }
  const mapping = numa.map(({ hostNodes }) => formatNumberList(hostNodes));
  return { ...config, numa, options: { ...options, numa: { mapping } } };
}
