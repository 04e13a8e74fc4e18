// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReaper } from '@hako/linux';
import { type AgentServiceClient, AgentServiceDefinition } from '@hako/protocols/agent';
import { HealthDefinition, type HealthClient } from '@hako/protocols/health';
import { createChannel, createClient, createSocketPair, type Server } from '@hako/ttrpc';
import { type Agent, createAgent } from '../agent.ts';
import type { AgentComponents } from '../agent-components.ts';
import { defaultOptions } from '../config/agent-options.ts';
import { createLinuxComponents } from '../linux-components.ts';
import type { Logger } from '../logging/logger.ts';
import { type AgentPaths, createAgentPaths } from '../paths/agent-paths.ts';
import type { RpcGate } from '../rpc/gate.ts';
import { createAgentServer } from '../server/agent-server.ts';
import { storageDrivers } from '../storage/storage-drivers.ts';
import { createFakeMounter, type FakeMounter } from './fake-mounter.ts';
import { createFakeRuntime, type FakeRuntime } from './fake-runtime.ts';
import { createFakeSystem, type FakeSystem } from './fake-system.ts';

/** One client's connection. */
export interface TestConnection extends AsyncDisposable {
  readonly client: AgentServiceClient;
  readonly health: HealthClient;
  /** Breaks the connection at once. */
  abort(): void;
}

/** An agent, and a client of it over a real pair of sockets. */
export interface AgentHarness extends TestConnection {
  readonly agent: Agent;
  readonly server: Server;
  readonly paths: AgentPaths;
  /** A root file system with BusyBox in it. */
  readonly rootfs: string;
  /** Log lines so far. */
  readonly log: readonly { readonly level: string; readonly message: string; readonly fields: object }[];
  /** One more client. */
  connect(): Promise<TestConnection>;
}

/** A harness whose container runtime, mounts and kernel are fakes. */
export interface FakeAgentHarness extends AgentHarness {
  readonly runtime: FakeRuntime;
  readonly mounter: FakeMounter;
  readonly system: FakeSystem;
}

/** What a harness can be told. */
export interface HarnessOptions {
  /** Replaces parts of the agent. */
  readonly components?: Partial<AgentComponents>;
  readonly gate?: RpcGate;
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

async function connectTo(server: Server): Promise<TestConnection> {
  const [near, far] = await createSocketPair();
  const connection = server.serve(far);
  const channel = createChannel(near);
  return {
    client: createClient(AgentServiceDefinition, channel),
    health: createClient(HealthDefinition, channel),
    abort: () => channel.abort(),
    async [Symbol.asyncDispose]() {
      channel.abort();
      await connection.closed;
    },
  };
}

async function start(
  makeComponents: (base: {
    paths: AgentPaths;
    logger: Logger;
    undo: AsyncDisposableStack;
  }) => AgentComponents,
  options: HarnessOptions,
  withPrograms: boolean,
): Promise<AgentHarness> {
  await using undo = new AsyncDisposableStack();
  // crun insists on real paths.
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'hako-agent-')));
  undo.defer(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  const paths = createAgentPaths({ runDir: dir, resolvConf: join(dir, 'resolv.conf') });
  const log: { level: string; message: string; fields: object }[] = [];
  const note = (level: string) => (fields: object, message: string) =>
    void log.push({ level, message, fields });
  const logger: Logger = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
  };
  const rootfs = await makeRootfs(dir, withPrograms);
  const components = { ...makeComponents({ paths, logger, undo }), ...options.components };
  const agent = undo.use(createAgent(components, options.gate));
  const server = undo.use(createAgentServer(agent, logger));
  const connection = undo.use(await connectTo(server));
  const owned = undo.move();
  return {
    agent,
    server,
    paths,
    rootfs,
    log,
    client: connection.client,
    health: connection.health,
    abort: () => connection.abort(),
    connect: () => connectTo(server),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** An agent on fakes. */
export async function startFakeAgent(options: HarnessOptions = {}): Promise<FakeAgentHarness> {
  const runtime = createFakeRuntime();
  const mounter = createFakeMounter();
  const system = createFakeSystem();
  const harness = await start(
    ({ paths, logger }) => ({
      logger,
      options: { ...defaultOptions(), hotplugTimeoutMs: 50 },
      paths,
      runtime,
      cgroups: runtime.cgroups,
      mounter,
      system,
      runProgram: () => Promise.reject(new Error('no programs on a fake machine')),
      runHooks: () => Promise.resolve(),
      storageDrivers,
      deviceDrivers: new Map(),
      isInit: true,
    }),
    options,
    false,
  );
  return { ...harness, runtime, mounter, system };
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
    ({ paths, logger, undo }) => {
      const reaper = undo.use(createReaper());
      return createLinuxComponents({ options: defaultOptions(), paths, logger, reaper, isInit: false });
    },
    options,
    true,
  );
}

const absent = whyNoContainers();

/** The two agents that every test of behaviour runs against. */
export const testedAgents: readonly {
  readonly title: string;
  readonly skip: boolean;
  readonly start: (options?: HarnessOptions) => Promise<AgentHarness>;
}[] = [
  { title: 'with a fake runtime', skip: false, start: startFakeAgent },
  {
    title: absent === undefined ? 'with crun' : `with crun (skipped: ${absent})`,
    skip: absent !== undefined,
    start: startCrunAgent,
  },
];
