// SPDX-License-Identifier: Apache-2.0
import {
  defaultMemoryAgentOptions,
  guestComponentsProcs,
  guestComponentsRestApis,
  type OptionsDraft,
} from './agent-options.ts';
import { memoryAgentSetters } from './memory-agent-words.ts';
import {
  capacityBytes,
  filledText,
  int32,
  lenientBoolean,
  logLevelOf,
  oneOf,
  secondsToMs,
  strictBoolean,
  urlText,
} from './option-values.ts';

type Setter = (draft: OptionsDraft, name: string, text: string) => void;
type KeysOf<Value> = {
  [Key in keyof OptionsDraft]: OptionsDraft[Key] extends Value ? Key : never;
}[keyof OptionsDraft];

/** A time of 0 leaves the default in place. */
const seconds =
  (key: Extract<KeysOf<number>, `${string}TimeoutMs`>): Setter =>
  (draft, name, text) => {
    const timeoutMs = secondsToMs(name, text);
    if (timeoutMs > 0) draft[key] = timeoutMs;
  };
/** A port that is not positive leaves the default in place. */
const port =
  (key: 'debugConsoleVport' | 'logVport' | 'passfdListenerPort'): Setter =>
  (draft, name, text) => {
    const value = int32(name, text);
    if (value > 0) draft[key] = value;
  };
const flag =
  (key: KeysOf<boolean>): Setter =>
  (draft, _name, text) => {
    draft[key] = lenientBoolean(text);
  };

const withValue: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  ['agent.trace', flag('tracing')],
  ['agent.log', (draft, name, text) => (draft.logLevel = logLevelOf(name, text))],
  ['agent.server_addr', (draft, name, text) => (draft.serverAddr = filledText(name, text))],
  ['agent.grpc_addr', (draft, name, text) => (draft.grpcAddr = filledText(name, text))],
  ['agent.hotplug_timeout', seconds('hotplugTimeoutMs')],
  ['agent.cdh_api_timeout', seconds('cdhApiTimeoutMs')],
  ['agent.image_pull_timeout', seconds('imagePullTimeoutMs')],
  ['agent.cdi_timeout', seconds('cdiTimeoutMs')],
  ['agent.launch_process_timeout', seconds('launchProcessTimeoutMs')],
  ['agent.visible_cdi_devices', flag('visibleCdiDevices')],
  ['agent.debug_console_vport', port('debugConsoleVport')],
  ['agent.log_vport', port('logVport')],
  ['agent.passfd_listener_port', port('passfdListenerPort')],
  [
    'agent.container_pipe_size',
    (draft, name, text) => (draft.containerPipeSizeBytes = capacityBytes(name, text)),
  ],
  ['cgroup_no_v1', (draft, name, text) => (draft.cgroupNoV1 = filledText(name, text))],
  ['systemd.unified_cgroup_hierarchy', flag('unifiedCgroupHierarchy')],
  ['agent.https_proxy', (draft, name, text) => (draft.httpsProxy = urlText(name, text))],
  ['agent.no_proxy', (draft, name, text) => (draft.noProxy = filledText(name, text))],
  [
    'agent.guest_components_rest_api',
    (draft, name, text) => (draft.guestComponentsRestApi = oneOf(name, text, guestComponentsRestApis)),
  ],
  [
    'agent.guest_components_procs',
    (draft, name, text) => (draft.guestComponentsProcs = oneOf(name, text, guestComponentsProcs)),
  ],
  ['agent.secure_storage_integrity', flag('secureStorageIntegrity')],
  [
    'agent.mem_agent_enable',
    (draft, name, text) =>
      (draft.memAgent = strictBoolean(name, text) ? defaultMemoryAgentOptions() : undefined),
  ],
]);

const bareWords: ReadonlyMap<string, (draft: OptionsDraft) => void> = new Map([
  ['agent.debug_console', (draft: OptionsDraft) => void (draft.debugConsole = true)],
  ['agent.devmode', (draft: OptionsDraft) => void (draft.devMode = true)],
  ['agent.trace', (draft: OptionsDraft) => void (draft.tracing = true)],
]);

const memoryAgentPrefix = 'agent.';

function applyWord(draft: OptionsDraft, word: string): void {
  const equals = word.indexOf('=');
  if (equals < 0) {
    bareWords.get(word)?.(draft);
    return;
  }
  const name = word.slice(0, equals);
  const text = word.slice(equals + 1);
  withValue.get(name)?.(draft, name, text);
  if (draft.memAgent === undefined || !name.startsWith(memoryAgentPrefix)) return;
  memoryAgentSetters.get(name.slice(memoryAgentPrefix.length))?.(draft.memAgent, name, text);
}

/** The TOML file the kernel command line names by `agent.config_file=`, which makes it the only source of options. */
export function configFileOf(commandLine: string): string | undefined {
  const prefix = 'agent.config_file=';
  const path = commandLine
    .split(/\s+/)
    .findLast((word) => word.startsWith(prefix))
    ?.slice(prefix.length);
  return path === undefined ? undefined : filledText('agent.config_file', path);
}

/**
 * Applies the words of a kernel command line from left to right. Unknown words are skipped.
 *
 * @param draft - is changed
 * @param commandLine - text of `/proc/cmdline`
 * @throws AgentError `invalid_option` for a value that fails its check
 */
export function applyKernelCommandLine(draft: OptionsDraft, commandLine: string): void {
  for (const word of commandLine.split(/\s+/)) applyWord(draft, word);
}
