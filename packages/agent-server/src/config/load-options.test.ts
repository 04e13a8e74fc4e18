// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { type AgentOptions, defaultMemoryAgentOptions, defaultOptions } from './agent-options.ts';
import { loadOptions } from './load-options.ts';

async function load(
  commandLine: string,
  environment: Record<string, string> = {},
  files: Record<string, string> = {},
  configFile?: string,
): Promise<AgentOptions> {
  return await loadOptions({
    commandLine,
    environment,
    configFile,
    readTextFile: (path) => {
      const text = files[path];
      return text === undefined ? Promise.reject(new Error(`no file ${path}`)) : Promise.resolve(text);
    },
  });
}

describe('the kernel command line', () => {
  const cases: readonly { readonly words: string; readonly set: Partial<AgentOptions> }[] = [
    { words: '', set: {} },
    { words: 'ro quiet agent.unknown=1 agent.debug_console=true agent.devmode=1', set: {} },
    { words: 'agent.debug_console agent.devmode', set: { debugConsole: true, devMode: true } },
    { words: 'agent.trace', set: { tracing: true } },
    { words: 'agent.trace=true', set: { tracing: true } },
    { words: 'agent.trace=2', set: { tracing: true } },
    { words: 'agent.trace agent.trace=0', set: { tracing: false } },
    { words: 'agent.trace=yes', set: { tracing: false } },
    { words: 'agent.trace=true=true', set: { tracing: false } },
    { words: 'agent.log=fatal', set: { logLevel: 'critical' } },
    { words: 'agent.log=panic', set: { logLevel: 'critical' } },
    { words: 'agent.log=warn', set: { logLevel: 'warning' } },
    { words: 'agent.log=info agent.log=debug', set: { logLevel: 'debug' } },
    { words: 'agent.log', set: {} },
    { words: 'agent.server_addr=serial://hako.agent.0', set: { serverAddr: 'serial://hako.agent.0' } },
    { words: 'agent.server_addr=unix://@a=b', set: { serverAddr: 'unix://@a=b' } },
    { words: 'agent.grpc_addr=unix:///run/grpc.sock', set: { grpcAddr: 'unix:///run/grpc.sock' } },
    { words: 'agent.hotplug_timeout=7', set: { hotplugTimeoutMs: 7_000 } },
    { words: 'agent.hotplug_timeout=0', set: {} },
    {
      words: 'agent.cdh_api_timeout=1 agent.image_pull_timeout=2',
      set: { cdhApiTimeoutMs: 1_000, imagePullTimeoutMs: 2_000 },
    },
    {
      words: 'agent.cdi_timeout=1 agent.launch_process_timeout=2',
      set: { cdiTimeoutMs: 1_000, launchProcessTimeoutMs: 2_000 },
    },
    { words: 'agent.visible_cdi_devices=true', set: { visibleCdiDevices: true } },
    {
      words: 'agent.debug_console_vport=1026 agent.log_vport=1025',
      set: { debugConsoleVport: 1026, logVport: 1025 },
    },
    { words: 'agent.passfd_listener_port=-1 agent.log_vport=0', set: {} },
    { words: 'agent.passfd_listener_port=1027', set: { passfdListenerPort: 1027 } },
    { words: 'agent.container_pipe_size=2097152', set: { containerPipeSizeBytes: 2_097_152 } },
    { words: 'cgroup_no_v1=all', set: { cgroupNoV1: 'all' } },
    { words: 'systemd.unified_cgroup_hierarchy=1', set: { unifiedCgroupHierarchy: true } },
    { words: 'agent.https_proxy=http://proxy:3128', set: { httpsProxy: 'http://proxy:3128' } },
    { words: 'agent.no_proxy=a=b,c', set: { noProxy: 'a=b,c' } },
    { words: 'agent.guest_components_rest_api=all', set: { guestComponentsRestApi: 'all' } },
    { words: 'agent.guest_components_procs=none', set: { guestComponentsProcs: 'none' } },
    { words: 'agent.secure_storage_integrity=false', set: { secureStorageIntegrity: false } },
    { words: 'agent.mem_agent_memcg_swap=true', set: {} },
    {
      words: 'agent.mem_agent_memcg_swap=true agent.mem_agent_enable=true',
      set: { memAgent: defaultMemoryAgentOptions() },
    },
    {
      words:
        'agent.mem_agent_enable=true agent.mem_agent_memcg_swap=true agent.mem_agent_compact_force_times=18446744073709551615',
      set: {
        memAgent: { ...defaultMemoryAgentOptions(), memcgSwap: true, compactForceTimes: 2n ** 64n - 1n },
      },
    },
    { words: 'agent.mem_agent_enable=true agent.mem_agent_enable=false', set: {} },
  ];

  test.each(cases)('$words', async ({ words, set }) => {
    expect(await load(words)).toEqual({ ...defaultOptions(), ...set });
  });

  test.each([
    'agent.log=loud',
    'agent.log=info=debug',
    'agent.server_addr=',
    'agent.hotplug_timeout=soon',
    'agent.hotplug_timeout=-1',
    'agent.hotplug_timeout=1=1',
    'agent.log_vport=4294967296',
    'agent.log_vport=x',
    'agent.container_pipe_size=-1',
    'agent.https_proxy=not a url',
    'agent.no_proxy=',
    'agent.guest_components_rest_api=some',
    'agent.guest_components_procs=some',
    'agent.mem_agent_enable=1',
    'agent.mem_agent_enable=true agent.mem_agent_memcg_swappiness_max=256',
    'agent.config_file=',
  ])('refuses %s', async (words) => {
    await expect(load(words)).rejects.toMatchObject({ code: 'invalid_option' });
  });
});

describe('the environment', () => {
  test('goes before the kernel command line', async () => {
    const environment = {
      KATA_AGENT_SERVER_ADDR: 'unix:///a',
      KATA_AGENT_LOG_LEVEL: 'error',
      KATA_AGENT_TRACING: '1',
      KATA_AGENT_POLICY_FILE: '/p.rego',
      KATA_AGENT_GRPC_ADDR: 'tcp://127.0.0.1:5',
    };
    expect(await load('agent.server_addr=unix:///b agent.log=debug', environment)).toEqual({
      ...defaultOptions(),
      serverAddr: 'unix:///a',
      logLevel: 'error',
      tracing: true,
      policyFile: '/p.rego',
      grpcAddr: 'tcp://127.0.0.1:5',
    });
  });

  test('may name a log level that does not exist', async () => {
    expect((await load('agent.log=debug', { KATA_AGENT_LOG_LEVEL: 'loud' })).logLevel).toBe('debug');
  });
});

describe('a configuration file', () => {
  const toml = `
    log_level = "trace"
    server_addr = "unix:///c"
    hotplug_timeout = { secs = 2, nanos = 500000000 }
    debug_console = true
    debug_console_vport = -5
    container_pipe_size = 4096
    guest_components_procs = "attestation-agent"
    policy_file = "/etc/p.rego"
    grpc_addr = "unix:///run/grpc.sock"
    mem_agent_enable = true
    mem_agent_compact_order = 7
    mem_agent_memcg_disable = true
    unknown_key = [1, 2]
    [endpoints]
    allowed = ["CreateContainerRequest"]
  `;
  const expected = {
    ...defaultOptions(),
    logLevel: 'trace',
    serverAddr: 'unix:///c',
    hotplugTimeoutMs: 2_500,
    debugConsole: true,
    debugConsoleVport: -5,
    containerPipeSizeBytes: 4_096,
    guestComponentsProcs: 'attestation-agent',
    policyFile: '/etc/p.rego',
    grpcAddr: 'unix:///run/grpc.sock',
    memAgent: { ...defaultMemoryAgentOptions(), compactOrder: 7, memcgDisable: true },
  };

  test('given on the command line takes the place of the kernel words, but not of the environment', async () => {
    const options = await load(
      'agent.log=error',
      { KATA_AGENT_TRACING: 'true' },
      { '/c.toml': toml },
      '/c.toml',
    );
    expect(options).toEqual({ ...expected, tracing: true });
  });

  test('named by the kernel command line is the only source', async () => {
    const words = 'agent.trace agent.config_file=/c.toml agent.log=error';
    expect(await load(words, { KATA_AGENT_TRACING: 'true' }, { '/c.toml': toml })).toEqual(expected);
  });

  test('can set every option', async () => {
    const text = `
      debug_console = true
      dev_mode = true
      tracing = true
      log_level = "panic"
      server_addr = "unix:///c"
      hotplug_timeout = { secs = 1, nanos = 0 }
      cdh_api_timeout = { secs = 2, nanos = 0 }
      image_pull_timeout = { secs = 3, nanos = 0 }
      cdi_timeout = { secs = 4, nanos = 0 }
      launch_process_timeout = { secs = 5, nanos = 0 }
      visible_cdi_devices = true
      debug_console_vport = 1
      log_vport = 2
      passfd_listener_port = 3
      container_pipe_size = 4
      unified_cgroup_hierarchy = true
      https_proxy = "any text"
      no_proxy = "b"
      grpc_addr = "unix:///g"
      guest_components_rest_api = "all"
      guest_components_procs = "none"
      secure_storage_integrity = false
      policy_file = "/p"
      mem_agent_enable = true
    `;
    const options = await load('', {}, { '/c.toml': text }, '/c.toml');
    const defaults = defaultOptions();
    const names = Object.keys(defaults) as (keyof AgentOptions)[];
    // Only the kernel command line has this one.
    expect(names.filter((name) => options[name] === defaults[name])).toEqual(['cgroupNoV1']);
  });

  test.each([
    { title: 'that is not there', text: undefined },
    { title: 'that is not TOML', text: 'a = = 1' },
    { title: 'with a level that does not exist', text: 'log_level = "loud"' },
    { title: 'with a text for a number', text: 'log_vport = "1"' },
    { title: 'with a number for a text', text: 'server_addr = 1' },
    { title: 'with a text for a truth value', text: 'tracing = "true"' },
    { title: 'with a number for a time', text: 'cdi_timeout = 5' },
    { title: 'with half a time', text: 'cdi_timeout = { secs = 5 }' },
    { title: 'with a negative pipe size', text: 'container_pipe_size = -1' },
    {
      title: 'with a word for the memory agent',
      text: 'mem_agent_enable = true\nmem_agent_memcg_swap = "yes"',
    },
  ])('$title is refused', async ({ text }) => {
    const files: Record<string, string> = text === undefined ? {} : { '/c.toml': text };
    await expect(load('', {}, files, '/c.toml')).rejects.toMatchObject({ code: 'invalid_option' });
  });
});
