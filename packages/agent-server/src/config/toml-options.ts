// SPDX-License-Identifier: Apache-2.0
import { parse } from 'smol-toml';
import { AgentError } from '../errors/agent-error.ts';
import {
  defaultMemoryAgentOptions,
  guestComponentsProcs,
  guestComponentsRestApis,
  type OptionsDraft,
} from './agent-options.ts';
import { memoryAgentSetters } from './memory-agent-words.ts';
import { capacityBytes, int32, logLevelOf, oneOf } from './option-values.ts';

type Setter = (draft: OptionsDraft, name: string, value: unknown) => void;

function refuse(name: string, what: string): never {
  throw new AgentError('invalid_option', `option ${name} is not ${what}`, { operand: name });
}

const text = (name: string, value: unknown) => (typeof value === 'string' ? value : refuse(name, 'a text'));
const bool = (name: string, value: unknown) =>
  typeof value === 'boolean' ? value : refuse(name, 'true or false');
const integer = (name: string, value: unknown) =>
  typeof value === 'bigint' ? value.toString() : refuse(name, 'a whole number');

/** A table of whole seconds and nanoseconds. */
function duration(name: string, value: unknown): number {
  if (typeof value !== 'object' || value === null) return refuse(name, 'a table of secs and nanos');
  const secs: unknown = Reflect.get(value, 'secs');
  const nanos: unknown = Reflect.get(value, 'nanos');
  if (typeof secs !== 'bigint' || secs < 0n) return refuse(`${name}.secs`, 'a whole number of seconds');
  if (typeof nanos !== 'bigint' || nanos < 0n || nanos > 999_999_999n) {
    return refuse(`${name}.nanos`, 'a whole number of nanoseconds below one second');
  }
  return Number(secs) * 1000 + Number(nanos / 1_000_000n);
}

const setters: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  ['debug_console', (draft, name, value) => (draft.debugConsole = bool(name, value))],
  ['dev_mode', (draft, name, value) => (draft.devMode = bool(name, value))],
  ['tracing', (draft, name, value) => (draft.tracing = bool(name, value))],
  ['log_level', (draft, name, value) => (draft.logLevel = logLevelOf(name, text(name, value)))],
  ['server_addr', (draft, name, value) => (draft.serverAddr = text(name, value))],
  ['grpc_addr', (draft, name, value) => (draft.grpcAddr = text(name, value))],
  ['hotplug_timeout', (draft, name, value) => (draft.hotplugTimeoutMs = duration(name, value))],
  ['cdh_api_timeout', (draft, name, value) => (draft.cdhApiTimeoutMs = duration(name, value))],
  ['image_pull_timeout', (draft, name, value) => (draft.imagePullTimeoutMs = duration(name, value))],
  ['cdi_timeout', (draft, name, value) => (draft.cdiTimeoutMs = duration(name, value))],
  ['launch_process_timeout', (draft, name, value) => (draft.launchProcessTimeoutMs = duration(name, value))],
  ['visible_cdi_devices', (draft, name, value) => (draft.visibleCdiDevices = bool(name, value))],
  [
    'debug_console_vport',
    (draft, name, value) => (draft.debugConsoleVport = int32(name, integer(name, value))),
  ],
  ['log_vport', (draft, name, value) => (draft.logVport = int32(name, integer(name, value)))],
  [
    'passfd_listener_port',
    (draft, name, value) => (draft.passfdListenerPort = int32(name, integer(name, value))),
  ],
  [
    'container_pipe_size',
    (draft, name, value) => (draft.containerPipeSizeBytes = capacityBytes(name, integer(name, value))),
  ],
  ['unified_cgroup_hierarchy', (draft, name, value) => (draft.unifiedCgroupHierarchy = bool(name, value))],
  ['https_proxy', (draft, name, value) => (draft.httpsProxy = text(name, value))],
  ['no_proxy', (draft, name, value) => (draft.noProxy = text(name, value))],
  [
    'guest_components_rest_api',
    (draft, name, value) =>
      (draft.guestComponentsRestApi = oneOf(name, text(name, value), guestComponentsRestApis)),
  ],
  [
    'guest_components_procs',
    (draft, name, value) =>
      (draft.guestComponentsProcs = oneOf(name, text(name, value), guestComponentsProcs)),
  ],
  ['secure_storage_integrity', (draft, name, value) => (draft.secureStorageIntegrity = bool(name, value))],
  ['policy_file', (draft, name, value) => (draft.policyFile = text(name, value))],
]);

/** A memory agent value as the text its kernel word would have. */
function memoryAgentText(name: string, value: unknown): string {
  return typeof value === 'boolean' ? String(value) : integer(name, value);
}

/**
 * Applies a configuration file. Unknown keys are skipped.
 *
 * @param draft - is changed
 * @param source - TOML text
 * @throws AgentError `invalid_option` when the text is not TOML or a value fails its check
 */
export function applyToml(draft: OptionsDraft, source: string): void {
  let table: Record<string, unknown>;
  try {
    table = parse(source, { integersAsBigInt: true });
  } catch (error) {
    throw new AgentError('invalid_option', 'configuration file is not TOML', { cause: error });
  }
  for (const [name, value] of Object.entries(table)) setters.get(name)?.(draft, name, value);
  if (table['mem_agent_enable'] === undefined || !bool('mem_agent_enable', table['mem_agent_enable'])) return;
  draft.memAgent = defaultMemoryAgentOptions();
  for (const [name, value] of Object.entries(table)) {
    memoryAgentSetters.get(name)?.(draft.memAgent, name, memoryAgentText(name, value));
  }
}
