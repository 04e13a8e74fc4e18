// SPDX-License-Identifier: Apache-2.0
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createReaper } from '@hako/linux';
import { createChannel, createSocketPair, type Server } from '@hako/ttrpc';
import { type Agent, createAgent } from '../agent.ts';
import type { AgentComponents } from '../agent-components.ts';
import { type AgentOptions, defaultOptions } from '../config/agent-options.ts';
import { applyKernelCommandLine } from '../config/kernel-command-line.ts';
import { deviceDrivers } from '../devices/device-drivers.ts';
import { createLinuxComponents } from '../linux-components.ts';
import type { Logger } from '../logging/logger.ts';
import { type AgentPaths, createAgentPaths } from '../paths/agent-paths.ts';
import type { RpcGate } from '../rpc/gate.ts';
import { createAgentServer } from '../server/agent-server.ts';
import { createStorageDrivers } from '../storage/storage-drivers.ts';
import { createFakeDevices, type FakeDevices } from './fake-devices.ts';
import { createFakeMounter, type FakeMounter } from './fake-mounter.ts';
import { createFakeRuntime, type FakeRuntime } from './fake-runtime.ts';
import { createFakeSystem, type FakeSystem } from './fake-system.ts';
import { openTestConnection } from './test-connection.ts';
import type { ScriptResult } from './test-machine.ts';
import {
  registeredAgentsOr,
  type TestConnection,
  type TestedAgent,
  type TestedAgentHarness,
  type TestedAgentKind,
  type TestedAgentOptions,
} from './tested-agent.ts';

/** An agent of this process, and a client of it over a real pair of sockets. */
export interface AgentHarness extends TestedAgentHarness {
  readonly agent: Agent;
  readonly server: Server;
  /** Log lines so far. */
  readonly log: readonly { readonly level: string; readonly message: string; readonly fields: object }[];
}

/** A harness whose container runtime, mounts and kernel are fakes. */
export interface FakeAgentHarness extends AgentHarness {
  readonly runtime: FakeRuntime;
  readonly mounter: FakeMounter;
  readonly system: FakeSystem;
  readonly devices: FakeDevices;
}

/** What a harness of this process can be told. */
export interface HarnessOptions extends TestedAgentOptions {
  /** Replaces parts of the agent. */
  readonly components?: Partial<AgentComponents>;
  readonly gate?: RpcGate;
  /** Limit of waits for fake devices. Default 50; more for a test in which they come. */
  readonly deviceTimeoutMs?: number;
}

const applets = [
  'sh',
  'cat',
  'echo',
  'sleep',
  'true',
  'env',
  'id',
  'stty',
  'tty',
  'hostname',
  'readlink',
  'ps',
  'ls',
  'yes',
  'head',
];
const busybox = '/bin/busybox';

async function makeRootfs(dir: string, withPrograms: boolean): Promise<string> {
  const rootfs = join(dir, 'rootfs');
  for (const name of ['bin', 'proc', 'dev', 'sys', 'tmp', 'etc'])
    await mkdir(join(rootfs, name), { recursive: true });
  if (!withPrograms) return rootfs;
  await copyFile(busybox, join(rootfs, 'bin/busybox'));
  for (const name of applets) await symlink('busybox', join(rootfs, 'bin', name));
  await writeFile(join(rootfs, 'bin/plain'), 'no program', { mode: 0o644 });
  return rootfs;
}

async function connectTo(kind: TestedAgentKind, server: Server): Promise<TestConnection> {
  const [near, far] = await createSocketPair();
  const connection = server.serve(far);
  return openTestConnection(kind, createChannel(near), () => connection.closed);
}

function runShell(script: string): Promise<ScriptResult> {
  return new Promise((resolve) => {
    execFile('sh', ['-c', script], (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 128;
      resolve({ exitCode, stdout, stderr });
    });
  });
}

async function start<Made extends AgentComponents>(
  kind: Exclude<TestedAgentKind, 'guest'>,
  makeComponents: (base: {
    paths: AgentPaths;
    agentOptions: AgentOptions;
    logger: Logger;
    undo: AsyncDisposableStack;
  }) => Made,
  options: HarnessOptions,
): Promise<AgentHarness & { readonly made: Made }> {
  await using undo = new AsyncDisposableStack();
  // crun insists on real paths.
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'hako-agent-')));
  undo.defer(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  const paths = createAgentPaths({
    runDir: dir,
    resolvConf: join(dir, 'resolv.conf'),
    // Agents of other test files run on this machine at the same time.
    ...(kind === 'crun' ? { cgroupParent: `/${basename(dir)}` } : {}),
  });
  const log: { level: string; message: string; fields: object }[] = [];
  const note = (level: string) => (fields: object, message: string) =>
    void log.push({ level, message, fields });
  const logger: Logger = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
  };
  const rootfs = await makeRootfs(dir, kind === 'crun');
  const agentOptions = defaultOptions();
  applyKernelCommandLine(agentOptions, (options.kernelWords ?? []).join(' '));
  const made = makeComponents({ paths, agentOptions, logger, undo });
  const components: AgentComponents = { ...made, ...options.components };
  if (kind === 'crun') undo.defer(() => components.cgroups.open(paths.cgroupParent).remove());
  const agent = undo.use(createAgent(components, options.gate));
  const server = undo.use(createAgentServer(agent, logger));
  const connection = undo.use(await connectTo(kind, server));
  const owned = undo.move();
  return {
    made,
    kind,
    agent,
    server,
    paths,
    rootfs,
    log,
    machine: undefined,
    ended: agent.sandboxDestroyed,
    shell: runShell,
    client: connection.client,
    health: connection.health,
    channel: connection.channel,
    clientOf: connection.clientOf,
    abort: () => connection.abort(),
    connect: () => connectTo(kind, server),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** An agent on fakes. */
export async function startFakeAgent(options: HarnessOptions = {}): Promise<FakeAgentHarness> {
  const runtime = createFakeRuntime();
  const mounter = createFakeMounter();
  const system = createFakeSystem();
  const harness = await start(
    'fake',
    ({ paths, agentOptions, logger }) => ({
      logger,
      options: { ...agentOptions, hotplugTimeoutMs: 50 },
      paths,
      runtime,
      cgroups: runtime.cgroups,
      mounter,
      system,
      runProgram: () => Promise.reject(new Error('no programs on a fake machine')),
      runHooks: () => Promise.resolve(),
      storageDrivers: createStorageDrivers(),
      devices: createFakeDevices(dirname(paths.kataDir), {
        logger,
        timeoutMs: options.deviceTimeoutMs ?? 50,
      }),
      openNetwork: () => Promise.reject(new Error('no network on a fake machine')),
      deviceDrivers,
      ports: {
        findPort: () => undefined,
        openPort: () => {
          throw new Error('no ports on a fake machine');
        },
      },
      isInit: true,
    }),
    options,
  );
  return { ...harness, runtime, mounter, system, devices: harness.made.devices };
}

/** Why containers cannot be made on this machine; undefined when they can. */
export function whyNoContainers(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync(busybox)) return 'needs busybox-static';
  if (spawnSync('crun', ['--version']).error !== undefined) return 'needs crun';
  return undefined;
}

/** An agent that makes real containers on this machine, with all its files below a directory of its own. */
export async function startCrunAgent(options: HarnessOptions = {}): Promise<AgentHarness> {
  return await start(
    'crun',
    ({ paths, agentOptions, logger, undo }) => {
      const reaper = undo.use(createReaper());
      return createLinuxComponents({ options: agentOptions, paths, logger, reaper, isInit: false });
    },
    options,
  );
}

const absent = whyNoContainers();

/**
 * The agents that every test of behaviour runs against: one on fakes and one with crun, or what the test runner's
 * set-up has registered instead, such as one in a guest.
 */
export const testedAgents: readonly TestedAgent[] = registeredAgentsOr([
  { title: 'with a fake runtime', skip: false, kind: 'fake', start: startFakeAgent },
  {
    title: absent === undefined ? 'with crun' : `with crun (skipped: ${absent})`,
    skip: absent !== undefined,
    kind: 'crun',
    start: startCrunAgent,
  },
]);
