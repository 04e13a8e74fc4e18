// SPDX-License-Identifier: Apache-2.0
import { type AgentOptions, defaultOptions } from './agent-options.ts';

/** Options that are read and checked for hosts that send them, and change nothing. */
const withoutEffect = [
  'devMode',
  'httpsProxy',
  'noProxy',
  'cdhApiTimeoutMs',
  'imagePullTimeoutMs',
  'launchProcessTimeoutMs',
  'cgroupNoV1',
  'unifiedCgroupHierarchy',
  'guestComponentsRestApi',
  'guestComponentsProcs',
  'secureStorageIntegrity',
  'memAgent',
] as const satisfies readonly (keyof AgentOptions)[];

/** The options that somebody has set although they change nothing. */
export function optionsWithoutEffect(options: AgentOptions): readonly string[] {
  const defaults = defaultOptions();
  return withoutEffect.filter((name) => options[name] !== defaults[name]);
}
