// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createFakeAgent, type FakeAgent, type FakeAgentOptions } from '@hako/agent-client/testing';
import { listen } from '@hako/ttrpc';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';

import { apiCommands, builtInCommands } from '../agent-ctl/api-commands.ts';
import { methodShape } from '../agent-ctl/message-shape.ts';
import { fakeConsole, type FakeConsole } from '../testing/fake-console.ts';

interface Line {
  readonly command: string;
  readonly response: Record<string, unknown>;
  readonly text?: string;
}

interface SetUp extends AsyncDisposable {
  readonly hako: FakeConsole;
  readonly agent: FakeAgent;
  readonly address: string;
  /** Runs `agent-ctl connect` against the agent. */
  connect(
    ...words: string[]
  ): Promise<{ exitCode: number; lines: readonly Line[]; stdout: string; stderr: string }>;
}

async function setUp(options: FakeAgentOptions = {}): Promise<SetUp> {
  const undo = new AsyncDisposableStack();
  const hako = undo.use(await fakeConsole());
  const agent = undo.use(createFakeAgent(options));
  const address = `unix://${hako.directory}/agent.sock`;
  const listener = undo.use(await listen(address));
  listener.onConnection((stream) => agent.serve(stream));
  return {
    hako,
    agent,
    address,
    async connect(...words) {
      const run = await hako.run('agent-ctl', 'connect', '--server-address', address, ...words);
      const stdout = run.stdout.toString();
      const lines = stdout
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Line);
      return { exitCode: run.exitCode, lines, stdout, stderr: run.stderr };
    },
    [Symbol.asyncDispose]: () => undo.disposeAsync(),
  };
}

/** Each command in turn, as `-c` options. */
const commands = (...texts: string[]): string[] => texts.flatMap((text) => ['-c', text]);

const containing = (part: object): object => expect.objectContaining(part) as object;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

const named = { containerId: 'demo', execId: 'demo' };

describe('requests', () => {
  const cases: readonly { line: string; method: string; request: object }[] = [
    { line: 'WaitProcess cid=demo', method: 'waitProcess', request: named },
    {
      line: 'WaitProcess cid=demo exec_id=e1',
      method: 'waitProcess',
      request: { ...named, execId: 'e1' },
    },
    { line: 'StatsContainer container_id=demo', method: 'statsContainer', request: { containerId: 'demo' } },
    {
      line: 'StatsContainer json://{"container_id": "demo"}',
      method: 'statsContainer',
      request: { containerId: 'demo' },
    },
    {
      line: 'ReadStdout json://{"containerId": "demo", "exec_id": "e", "len": 7}',
      method: 'readStdout',
      request: { containerId: 'demo', execId: 'e', len: 7 },
    },
    { line: 'SignalProcess cid=demo', method: 'signalProcess', request: { ...named, signal: 9 } },
    {
      line: 'SignalProcess cid=demo signal=usr1',
      method: 'signalProcess',
      request: { ...named, signal: 10 },
    },
    {
      line: 'SignalProcess cid=demo signal=SIGTERM',
      method: 'signalProcess',
      request: { ...named, signal: 15 },
    },
    {
      line: 'WriteStdin cid=demo data=hex:68690a',
      method: 'writeStdin',
      request: { ...named, data: bytes('hi\n') },
    },
    {
      line: 'WriteStdin cid=demo data=a=b',
      method: 'writeStdin',
      request: { ...named, data: bytes('a=b') },
    },
    {
      line: 'TtyWinResize cid=demo row=24 column=80',
      method: 'ttyWinResize',
      request: { ...named, row: 24, column: 80 },
    },
    {
      line: 'OnlineCPUMem wait=true nb_cpus=4',
      method: 'onlineCPUMem',
      request: { wait: true, nbCpus: 4, cpuOnly: false },
    },
    {
      line: 'SetGuestDateTime sec=9007199254740993 usec=5',
      method: 'setGuestDateTime',
      request: { Sec: 9007199254740993n, Usec: 5n },
    },
    {
      line: 'SetGuestDateTime json://{"Sec": 9007199254740993, "Usec": 5}',
      method: 'setGuestDateTime',
      request: { Sec: 9007199254740993n, Usec: 5n },
    },
    {
      line: 'MemHotplugByProbe memHotplugProbeAddr=0x100000000,ffffffffffffffff',
      method: 'memHotplugByProbe',
      request: { memHotplugProbeAddr: [0x1_0000_0000n, 2n ** 64n - 1n] },
    },
    {
      line: 'ReseedRandomDev json://{"data": [1, 2, 255]}',
      method: 'reseedRandomDev',
      request: { data: Uint8Array.of(1, 2, 255) },
    },
    { line: 'AddSwap PCIPath=2,3', method: 'addSwap', request: { PCIPath: [2, 3] } },
    {
      line: 'GetGuestDetails',
      method: 'getGuestDetails',
      request: { memBlockSize: true, memHotplugProbe: true },
    },
    { line: 'GetIptables is_ipv6=true', method: 'getIPTables', request: { isIpv6: true } },
    {
      line: 'UpdateInterface json://{"interface": {"name": "eth0", "type_": "veth", "IPAddresses": null}}',
      method: 'updateInterface',
      request: { interface: containing({ name: 'eth0', type: 'veth', IPAddresses: [] }) },
    },
    {
      line: 'UpdateContainer json://{"container_id": "demo", "resources": {"Memory": {"Limit": 1048576}}}',
      method: 'updateContainer',
      request: containing({
        containerId: 'demo',
        resources: containing({ Memory: containing({ Limit: 1_048_576n }) }),
      }),
    },
    {
      line: 'CreateContainer json://{"container_id": "demo", "OCI": {"Linux": {"Seccomp": {"Syscalls": [{"Names": ["a"], "ErrnoRet": {"Errnoret": 3}}]}}}}',
      method: 'createContainer',
      request: containing({
        containerId: 'demo',
        OCI: containing({
          Linux: containing({
            Seccomp: containing({
              Syscalls: [containing({ ErrnoRet: { $case: 'errnoret', value: 3 } })],
            }),
          }),
        }),
      }),
    },
  ];

  test.each(cases)('$line', async ({ line, method, request }) => {
    await using it = await setUp();
    it.agent.intercept(method as 'check', () => Promise.resolve({}));
    const { exitCode, stderr } = await it.connect('-c', line);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(it.agent.calls).toEqual([{ method, request }]);
  });

  test('come from a file', async () => {
    await using it = await setUp();
    it.agent.intercept('statsContainer', () => Promise.resolve({}));
    const path = join(it.hako.directory, 'request.json');
    await writeFile(path, '{"container_id": "filed"}');
    expect((await it.connect('-c', `StatsContainer file://${path}`)).exitCode).toBe(0);
    expect(it.agent.calls[0]?.request).toEqual({ containerId: 'filed' });
  });

  test('name what was named last; at first a random container', async () => {
    await using it = await setUp();
    it.agent.intercept('statsContainer', () => Promise.resolve({}));
    it.agent.intercept('waitProcess', () => Promise.resolve({}));
    await it.connect(
      ...commands(
        'StatsContainer',
        'StatsContainer',
        'WaitProcess cid=c2 exec_id=e',
        'WaitProcess',
        'WaitProcess cid=c3',
        'StatsContainer',
      ),
    );
    const requests = it.agent.calls.map(({ request }) => request as { containerId: string; execId?: string });
    expect(requests[0]!.containerId).toMatch(/^[\da-f]{64}$/);
    expect(requests[1]).toEqual(requests[0]);
    expect(requests.slice(2)).toEqual([
      { containerId: 'c2', execId: 'e' },
      { containerId: 'c2', execId: 'e' },
      { containerId: 'c3', execId: 'c3' },
      { containerId: 'c3' },
    ]);
  });

  test('are left as they are with --no-auto-values, but a sandbox gets an id', async () => {
    await using it = await setUp();
    for (const method of ['statsContainer', 'getGuestDetails', 'createSandbox'] as const)
      it.agent.intercept(method, () => Promise.resolve({}));
    await it.connect('-n', ...commands('StatsContainer', 'GetGuestDetails', 'CreateSandbox'));
    expect(it.agent.calls.map(({ request }) => request)).toEqual([
      { containerId: '' },
      { memBlockSize: false, memHotplugProbe: false },
      expect.objectContaining({ sandboxId: expect.stringMatching(/^[\da-f]{64}$/) as unknown }),
    ]);
  });

  test('take the specification of a bundle, its root made absolute', async () => {
    await using it = await setUp();
    const bundle = join(it.hako.directory, 'bundle');
    await mkdir(bundle);
    const spec = {
      ociVersion: '1.0.2',
      root: { path: 'rootfs' },
      process: { cwd: '/', args: ['date'], user: { uid: 1, gid: 2 } },
    };
    await writeFile(join(bundle, 'config.json'), JSON.stringify(spec));
    const { exitCode, stderr } = await it.connect(
      '--bundle-dir',
      bundle,
      ...commands('CreateContainer cid=demo', 'ExecProcess cid=demo exec_id=e1'),
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(it.agent.calls.map(({ request }) => request)).toMatchObject([
      { containerId: 'demo', execId: 'demo', OCI: { Root: { Path: join(bundle, 'rootfs') } } },
      { containerId: 'demo', execId: 'e1', process: { Args: ['date'], User: { UID: 1, GID: 2 } } },
    ]);
  });

  test('take an image of this machine', async () => {
    await using it = await setUp();
    const rootfs = join(it.hako.directory, 'rootfs');
    await mkdir(rootfs);
    const { stderr } = await it.connect(
      '-c',
      `CreateContainer json://{"image": "rootfs:${rootfs}", "id": "demo1234"}`,
    );
    expect(stderr).toBe('');
    expect(it.agent.calls[0]?.request).toMatchObject({
      containerId: 'demo1234',
      execId: 'demo1234',
      OCI: { Root: { Path: rootfs } },
    });
  });

  test('copy a file in pieces and read a policy', async () => {
    await using it = await setUp();
    it.agent.intercept('setPolicy', () => Promise.resolve({}));
    const path = join(it.hako.directory, 'large');
    await writeFile(path, Buffer.alloc(1_500_000, 'a'));
    await writeFile(join(it.hako.directory, 'policy'), 'package p');
    const { exitCode } = await it.connect(
      ...commands(
        `CopyFile json://{"src": "${path}", "dest": "/x/large"}`,
        `SetPolicy json://{"policy_file": "${it.hako.directory}/policy"}`,
      ),
    );
    expect(exitCode).toBe(0);
    expect(it.agent.calls.map(({ request }) => request)).toMatchObject([
      { path: '/x/large', offset: 0n, fileSize: 1_500_000n },
      { path: '/x/large', offset: 1_048_576n, fileSize: 1_500_000n },
      { policy: 'package p' },
    ]);
  });
});

describe('answers', () => {
  test('are lines of JSON with the names of the protocol, and text where bytes are text', async () => {
    await using it = await setUp();
    it.agent.intercept('readStdout', () => Promise.resolve({ data: Buffer.from('größe\n') }));
    it.agent.intercept('statsContainer', () =>
      Promise.resolve({ cgroupStats: { memoryStats: { cache: 2n ** 63n } } }),
    );
    const { lines } = await it.connect(
      ...commands('Check', 'Version', 'ReadStdout len=10', 'StatsContainer'),
    );
    expect(lines).toMatchObject([
      { msg: 'response received', api: 'grpc.Health/Check', response: { status: 1 } },
      { response: { grpc_version: '0.0.1', agent_version: 'fake' } },
      { response: { data: Buffer.from('größe\n').toString('base64') }, text: 'größe\n' },
      { response: { cgroup_stats: { memory_stats: { cache: '9223372036854775808' } } } },
    ]);
  });

  test('that refuse end the run with exit code 1, and are said fit for a terminal', async () => {
    await using it = await setUp();
    it.agent.fail('getMetrics', Status.NOT_FOUND, 'no \u001b[2Jmetrics');
    const run = await it.connect(...commands('GetMetrics', 'Check'));
    expect(run).toEqual({
      exitCode: 1,
      lines: [],
      stdout: '',
      stderr: 'hako: GetMetrics failed with NOT_FOUND: no \\u{1b}[2Jmetrics\n',
    });
    const { exitCode, lines } = await it.connect('--ignore-errors', ...commands('GetMetrics', 'Check'));
    expect({ exitCode, commands: lines.map(({ command }) => command) }).toEqual({
      exitCode: 0,
      commands: ['Check'],
    });
  });

  test('are waited for as long as --timeout says', async () => {
    await using it = await setUp();
    it.agent.hang('getOOMEvent');
    const { exitCode, stderr } = await it.connect('--timeout', '20ms', '-c', 'GetOOMEvent');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringContaining('DEADLINE_EXCEEDED') as unknown,
    });
  });
});

describe('commands that call nobody', () => {
  test('repeat is about the next command, --repeat about all', async () => {
    await using it = await setUp();
    await it.connect(
      '--repeat',
      '2',
      ...commands('repeat 3', 'Check', 'Version', 'echo  a   b', 'sleep 1ms'),
    );
    expect(it.agent.calls.map(({ method }) => method)).toEqual([
      ...['check', 'check', 'check', 'version'],
      ...['check', 'check', 'check', 'version'],
    ]);
  });

  test('quit and a destroyed sandbox end the run', async () => {
    await using it = await setUp();
    expect((await it.connect(...commands('quit', 'Check'))).exitCode).toBe(0);
    expect((await it.connect(...commands('DestroySandbox', 'Check'))).exitCode).toBe(0);
    expect(it.agent.calls.map(({ method }) => method)).toEqual(['destroySandbox']);
  });

  test('list prints every command, without an agent', async () => {
    await using hako = await fakeConsole();
    const { exitCode, stdout } = await hako.run('agent-ctl', 'connect', '-c', 'list');
    expect(exitCode).toBe(0);
    const names = stdout
      .toString()
      .split('\n')
      .slice(1, -1)
      .map((line) => line.split(' ')[0]);
    expect(names).toEqual([...apiCommands.map(({ name }) => name), ...Object.keys(builtInCommands)]);
  });

  test('generate-cid and generate-sid print ids, examples prints examples', async () => {
    await using hako = await fakeConsole();
    for (const word of ['generate-cid', 'generate-sid'])
      expect((await hako.run('agent-ctl', word)).stdout.toString()).toMatch(/^[\da-f]{64}\n$/);
    expect((await hako.run('agent-ctl', 'examples')).stdout.toString()).toContain('-c Check');
  });

  test('lines of standard input are commands, until quit; mistakes are said', async () => {
    await using it = await setUp();
    it.hako.stdin.end('Check\n\nChekc\nVersion\nquit\nCheck\n');
    const { exitCode, stderr } = await it.connect('--interactive');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('no command Chekc; did you mean Check?');
    expect(it.agent.calls.map(({ method }) => method)).toEqual(['check', 'version']);
  });

  test('the end of standard input is quit', async () => {
    await using it = await setUp();
    it.hako.stdin.end('Check\n');
    expect((await it.connect('-i')).exitCode).toBe(0);
  });
});

describe('mistakes are found before anything is sent', () => {
  const mistakes: readonly { line: string; says: string }[] = [
    { line: 'Statscontainer', says: 'no command Statscontainer; did you mean StatsContainer? commands are ' },
    { line: 'Xyzzy', says: 'no command Xyzzy; commands are AddARPNeighbors, ' },
    {
      line: 'WaitProcess cdi=x',
      says: 'WaitProcess has no field cdi; there are container_id, exec_id',
    },
    {
      line: 'OnlineCPUMem nb_cpu=4',
      says: 'OnlineCPUMem has no field nb_cpu; did you mean nb_cpus? there are wait, nb_cpus, cpu_only',
    },
    { line: 'UpdateContainer resources=1', says: 'UpdateContainer takes resources in JSON only' },
    { line: 'WaitProcess demo', says: 'argument "demo" is not NAME=VALUE' },
  ];
  test.each(mistakes)('$line', async ({ line, says }) => {
    await using it = await setUp();
    const { exitCode, stderr } = await it.connect(...commands('Check', line));
    expect(stderr).toContain(says);
    expect({ exitCode, calls: it.agent.calls }).toEqual({ exitCode: 125, calls: [] });
  });
});

describe('mistakes in requests', () => {
  const mistakes: readonly { line: string; says: string }[] = [
    {
      line: 'StatsContainer json://{"container": "x"}',
      says: 'StatsContainerRequest has no field container; did you mean container_id?',
    },
    {
      line: 'UpdateContainer json://{"resources": {"Memry": {}}}',
      says: 'UpdateContainerRequest.resources has no field Memry; did you mean Memory?',
    },
    { line: 'StatsContainer json://{"container_id": 5}', says: 'container_id' },
    { line: 'StatsContainer json://{', says: 'argument is not JSON' },
    { line: 'StatsContainer json://[]', says: 'is given no JSON object' },
    { line: 'StatsContainer file:///no/such/file', says: '/no/such/file cannot be read' },
    { line: 'SignalProcess signal=SIGNOPE', says: 'no signal SIGNOPE' },
    { line: 'SignalProcess signal=256', says: 'no signal 256' },
    { line: 'OnlineCPUMem wait=yes', says: 'wait is neither true nor false: yes' },
    { line: 'WriteStdin data=hex:6', says: 'not pairs of hexadecimal digits: 6' },
    { line: 'MemHotplugByProbe memHotplugProbeAddr=xyz', says: 'not a hexadecimal address: xyz' },
    { line: 'CopyFile json://{"src": "/x"}', says: 'CopyFile is given no dest' },
    { line: 'repeat often', says: 'repeat is given no number: often' },
    { line: 'sleep 10', says: 'sleep is not a time: 10' },
  ];
  test.each(mistakes)('$line', async ({ line, says }) => {
    await using it = await setUp();
    const { exitCode, stderr } = await it.connect('-c', line);
    expect(stderr).toContain(says);
    expect({ exitCode, calls: it.agent.calls }).toEqual({ exitCode: 125, calls: [] });
  });

  test.each([
    { words: ['-c', 'Check'], says: 'no agent named' },
    { words: [], says: 'no command given' },
    { words: ['--server-address', 'http://x', '-c', 'Check'], says: 'http://x' },
    { words: ['--server-address', 'unix:///x', '-c', 'Check', '--timeout', '5'], says: '--timeout' },
    { words: ['--server-address', 'unix:///x', '-c', 'Check', '--repeat', '0'], says: '--repeat' },
  ])('connect $words', async ({ words, says }) => {
    await using hako = await fakeConsole();
    const { exitCode, stderr } = await hako.run('agent-ctl', 'connect', ...words);
    expect(stderr).toContain(says);
    expect(exitCode).toBe(125);
  });
});

test('there is a command for every method of both services', () => {
  for (const { service, method } of apiCommands) expect(methodShape(service, method)).toBeDefined();
  expect(new Set(apiCommands.map(({ service, method }) => `${service}/${method}`)).size).toBe(44);
  expect(apiCommands).toHaveLength(44);
});
