// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { FakeMain } from '@hako/sandbox/testing';
import { expect, test } from 'vitest';

import { fakeConsole, type FakeConsole } from './testing/fake-console.ts';

const programs: Record<string, FakeMain> = {
  echo: async ({ args, print }) => {
    print(`${args.slice(1).join(' ')}\n`);
    return 0;
  },
  env: async ({ env, cwd, print }) => {
    print(`${cwd} ${env.filter((entry) => /^(A|FROM_HERE|HOSTNAME)=/.test(entry)).join(' ')}`);
    return 0;
  },
  exit: async ({ args, printError }) => {
    printError('to stderr\n');
    return Number(args[1]);
  },
  cat: async ({ read, print }) => {
    for (let data = await read(); data.length > 0; data = await read()) print(data);
    return 0;
  },
  patient: async ({ nextSignal, print }) => {
    print('ready');
    await nextSignal();
    return 42;
  },
  stubborn: async ({ print }) => {
    print('ready');
    return new Promise(() => undefined);
  },
};

async function world(
  options: Parameters<typeof fakeConsole>[0] = {},
): Promise<FakeConsole & { image: string }> {
  const console = await fakeConsole({ programs, ...options });
  const rootfs = join(console.directory, 'rootfs');
  await mkdir(rootfs);
  return Object.assign(console, { image: `rootfs:${rootfs}` });
}

async function leftovers(console: FakeConsole): Promise<string[]> {
  return readdir(join(console.directory, 'run')).catch(() => []);
}

test('the output of the workload is passed on untouched and its exit code is ours', async () => {
  await using hako = await world();
  expect(await hako.run('run', hako.image, 'echo', 'hi', '--rm', '-x')).toMatchObject({
    exitCode: 0,
    stdout: Buffer.from('hi --rm -x\n'),
    stderr: '',
  });
  expect(await hako.run('run', hako.image, 'exit', '7')).toMatchObject({
    exitCode: 7,
    stderr: 'to stderr\n',
  });
  expect(await leftovers(hako)).toEqual([]);
});

test('input is passed on with -i, byte for byte, and only then', async () => {
  await using hako = await world();
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
  hako.stdin.end(bytes);
  const { stdout } = await hako.run('run', '-i', hako.image, 'cat');
  expect(stdout.equals(bytes)).toBe(true);
  expect((await hako.run('run', hako.image, 'cat')).stdout).toHaveLength(0);
});

test('options reach the workload and its machine', async () => {
  await using hako = await world();
  const words = [
    '--cpus',
    '2',
    '-m',
    '256m',
    '-e',
    'A=1',
    '-e',
    'FROM_HERE',
    '-w',
    '/work',
    '--hostname',
    'inner',
  ];
  const { stdout } = await hako.run('run', ...words, '-v', `${hako.directory}:/data:ro`, hako.image, 'env');
  expect(stdout.toString()).toBe('/work HOSTNAME=inner A=1 FROM_HERE=ours');
  expect(hako.sandbox.hypervisor.vms[0]?.config).toMatchObject({ vcpus: 2, memoryMib: 256 });
});

test('the first signal goes to the workload', async () => {
  await using hako = await world();
  const running = hako.run('run', hako.image, 'patient');
  await expect.poll(() => hako.sandbox.agent.calls.includes('readStdout')).toBe(true);
  hako.signal('SIGINT');
  expect((await running).exitCode).toBe(42);
});

test('a second signal takes the machine away', async () => {
  await using hako = await world();
  const running = hako.run('run', hako.image, 'stubborn');
  await expect.poll(() => hako.sandbox.agent.calls.includes('readStdout')).toBe(true);
  hako.signal('SIGTERM');
  hako.signal('SIGTERM');
  expect(await running).toMatchObject({ exitCode: 143, stderr: '' });
  expect(await leftovers(hako)).toEqual([]);
});

test.for(['locateAssets', 'startFileShare', 'connect', 'serve', 'share.add', 'startContainer'] as const)(
  'Ctrl-C during %s takes everything back',
  async (wanted) => {
    const hako: FakeConsole & { image: string } = await world({
      onStep: (step) => {
        if (step === wanted) hako.signal('SIGINT');
      },
      before: (method) => {
        if (method === (wanted === 'connect' ? 'check' : wanted)) hako.signal('SIGINT');
      },
    });
    await using _hako = hako;
    expect(await hako.run('run', hako.image, 'stubborn')).toMatchObject({ exitCode: 130, stderr: '' });
    expect(await leftovers(hako)).toEqual([]);
  },
);

test('a machine that dies under a workload is one clear line', async () => {
  await using hako = await world();
  const running = hako.run('run', hako.image, 'stubborn');
  await expect.poll(() => hako.sandbox.agent.calls.includes('readStdout')).toBe(true);
  hako.sandbox.hypervisor.vms[0]?.guest.exitVmm({ signal: 'SIGKILL' });
  const { exitCode, stderr } = await running;
  expect(exitCode).toBe(125);
  expect(stderr).toMatch(
    /^hako: the virtual machine ended unexpectedly: the hypervisor was ended by SIGKILL; .*\n$/,
  );
  expect(await leftovers(hako)).toEqual([]);
});

const spec = (process: object): string =>
  JSON.stringify({ ociVersion: '1.1.0', root: { path: 'rootfs' }, ...process });

test.for<{ words: string[]; says: RegExp; code?: number; files?: Record<string, string> }>([
  { words: ['run', 'nginx'], says: /unknown image "nginx"; use busybox, bundle:DIR/ },
  { words: ['run', 'bundle:'], says: /names no directory/ },
  { words: ['run', 'bundle:./nowhere'], says: /nowhere: bundle does not exist; check the path/ },
  { words: ['run', 'rootfs:./nowhere'], says: /nowhere: root directory does not exist/ },
  { words: ['run', 'oci:./nowhere'], says: /OCI layout .*nowhere does not exist/ },
  {
    words: ['run', 'bundle:$DIR/bundle'],
    says: /config\.json cannot be read/,
    files: { 'bundle/readme': '' },
  },
  {
    words: ['run', 'bundle:$DIR/bundle'],
    says: /config\.json is not usable/,
    files: { 'bundle/config.json': '{ nonsense' },
  },
  {
    words: ['run', 'bundle:$DIR/bundle'],
    says: /config\.json has no process/,
    files: { 'bundle/config.json': spec({}) },
  },
  {
    words: ['run', 'bundle:$DIR/bundle'],
    says: /config\.json names no command/,
    files: { 'bundle/config.json': spec({ process: { cwd: '/', args: [] } }) },
  },
  {
    words: ['run', 'oci:$DIR/layout:latest'],
    says: /index\.json is not usable/,
    files: { 'layout/index.json': '{"schemaVersion":2}' },
  },
  { words: ['run', '-m', '64m', '$IMAGE', 'echo'], says: /memory "64m" is below 128 MiB; write a size/ },
  { words: ['run', '-m', 'lots', '$IMAGE', 'echo'], says: /memory "lots" is not a size/ },
  { words: ['run', '--cpus', '0', '$IMAGE', 'echo'], says: /"0" CPUs are not possible; give a whole number/ },
  {
    words: ['run', '-v', '/nowhere:/data', '$IMAGE', 'echo'],
    says: /volume source \/nowhere does not exist; create it/,
  },
  {
    words: ['run', '--mount', 'type=block,src=/nowhere.img,dst=/data,fstype=ext4', '$IMAGE', 'echo'],
    says: /block volume \/nowhere\.img does not exist; correct the path/,
  },
  {
    words: ['run', '--mount', 'type=block,src=/,dst=/data,fstype=ext4', '$IMAGE', 'echo'],
    says: /block volume \/ is no block device and no file; share a directory as a volume/,
  },
  { words: ['run', '--device', '/nowhere', '$IMAGE', 'echo'], says: /device \/nowhere does not exist/ },
  {
    words: ['run', '--device', '/etc/passwd', '$IMAGE', 'echo'],
    says: /\/etc\/passwd is no device; share files/,
  },
  { words: ['volume', 'add', '$DIR'], says: /a volume needs --device and --fstype; name the disk/ },
  {
    words: ['volume', 'add', '$DIR', '--device', '/nowhere', '--fstype', 'ext4'],
    says: /block volume \/nowhere does not exist/,
  },
  {
    words: ['volume', 'stats', '$DIR'],
    says: /no disk is assigned to .*; see `hako volume add`/,
  },
  {
    words: ['volume', 'resize', '$DIR', '1g'],
    says: /no disk is assigned to .*; see `hako volume add`/,
  },
  { words: ['volume', 'resize', '$DIR', 'more'], says: /volume "more" is not a size/ },
  {
    words: ['volume', 'resize', '$DIR', '1000'],
    says: /a volume cannot have 1000 bytes; give a multiple of 512/,
  },
  { words: ['run', '--rootfs', 'tape', '$IMAGE', 'echo'], says: /"tape"; use shared or block/ },
  {
    words: ['run', '--shared-fs', 'nfs', '$IMAGE', 'echo'],
    says: /files cannot be shared by "nfs"; use virtio-fs, 9p or none/,
  },
  {
    words: ['run', '--shared-fs', 'none', '$IMAGE', 'echo'],
    says: /cannot be shared where nothing is shared; make it a disk \(`--rootfs block`\)/,
  },
  { words: ['run', '-v', '/tmp', '$IMAGE', 'echo'], says: /volume "\/tmp" is not SRC:DST/ },
  { words: ['run', '-e', '=x', '$IMAGE', 'echo'], says: /environment entry "=x" is not NAME=VALUE/ },
  { words: ['run', '-w', 'work', '$IMAGE', 'echo'], says: /working directory "work" is not absolute/ },
  { words: ['run', '-u', 'nobody', '$IMAGE', 'echo'], says: /user "nobody" is not usable/ },
  {
    words: ['run', '--accel', 'warp', '$IMAGE', 'echo'],
    says: /unknown accelerator "warp"; use auto, kvm or tcg/,
  },
  {
    words: ['run', '--config', '/nowhere.toml', 'busybox'],
    says: /\/nowhere\.toml: cannot be read/,
  },
  {
    words: ['run', '--config', '$DIR/c.toml', 'busybox'],
    says: /c\.toml:2: unknown key "defualt_memory" in \[hypervisor\.qemu\]; write default_memory/,
    files: { 'c.toml': '[hypervisor.qemu]\ndefualt_memory = 1\n' },
  },
  {
    words: ['config', 'show', '--config', '$DIR/c.toml'],
    says: /c\.toml:2: hypervisor\.qemu\.shared_fs must be one of/,
    files: { 'c.toml': '[hypervisor.qemu]\nshared_fs = "nfs"\n' },
  },
  {
    words: ['run', '--network', './lan', 'busybox'],
    says: /network ".\/lan" is neither a name nor an absolute path; use none, user, passt, a name/,
  },
  {
    words: ['run', '--network', 'lan', '--network-model', 'bridge', 'busybox'],
    says: /unknown network model "bridge"; use tcfilter, macvtap or none/,
  },
  {
    words: ['run', '--network', 'user', '--network-model', 'none', 'busybox'],
    says: /--network-model does not go with --network user/,
  },
  {
    words: ['run', '--network', 'passt', '--network-model', 'none', 'busybox'],
    says: /--network-model does not go with --network passt/,
  },
  {
    words: ['run', '--rx-rate', '1m', 'busybox'],
    says: /--rx-rate does not go with --network none/,
  },
  {
    words: ['run', '--network', 'lan', '--tx-rate', 'fast', 'busybox'],
    says: /rate "fast" is not a number of bits per second/,
  },
  {
    words: ['run', '--network', 'lan', '-p', '8080:80', 'busybox'],
    says: /--publish does not go with --network lan/,
  },
  {
    words: ['run', '--dns', 'example.org', 'busybox'],
    says: /name server "example.org" is no IP address/,
  },
  {
    words: ['run', '--network', 'none', '-p', '8080:80', 'busybox'],
    says: /--publish does not go with --network none/,
  },
  {
    words: ['run', '-p', '8080', 'busybox'],
    says: /port "8080" is not \[ADDRESS:\]HOST:GUEST\[\/udp\]/,
  },
  {
    words: ['run', '--template', 'often', 'busybox'],
    says: /unknown use of templates "often"; use auto, always or never/,
  },
  { words: ['run', '--name', '../up', '$IMAGE', 'echo'], says: /name "..\/up" is not usable/ },
  { words: ['run', '--keep', '$IMAGE', 'echo'], says: /--keep needs --detach/ },
  { words: ['run', '-d', '-i', '$IMAGE', 'echo'], says: /--detach does not go with --interactive/ },
  { words: ['run', '$IMAGE'], says: /names no command; give the command after the image/ },
  { words: ['run', '$IMAGE', 'nope'], says: /command "nope" not found/, code: 127 },
  { words: ['run'], says: /missing required argument 'image'/ },
  { words: ['run', '--frobnicate', 'busybox'], says: /unknown option '--frobnicate'/ },
  { words: ['frobnicate'], says: /unknown command 'frobnicate'/ },
  { words: ['exec', 'nobody', 'ls'], says: /no sandbox "nobody"; see `hako ps`/ },
  { words: ['stop', 'nobody'], says: /no sandbox "nobody"/ },
  { words: ['rm', 'nobody'], says: /no sandbox "nobody"/ },
  { words: ['logs', 'nobody'], says: /no sandbox "nobody"/ },
  { words: ['stop', '-t', 'soon', 'nobody'], says: /"soon" is not a number of seconds/ },
])('$words says $says in one line and leaves nothing', async ({ words, says, code = 125, files = {} }) => {
  await using hako = await world();
  for (const [name, text] of Object.entries(files)) {
    const path = join(hako.directory, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, text);
  }
  const filled = words.map((word) => word.replace('$DIR', hako.directory).replace('$IMAGE', hako.image));
  const { exitCode, stdout, stderr } = await hako.run(...filled);
  expect(stderr).toMatch(says);
  expect(stderr).toMatch(/^hako: [^\n]+\n$/);
  expect(stdout).toHaveLength(0);
  expect(exitCode).toBe(code);
  expect(await leftovers(hako)).toEqual([]);
  expect(hako.sandbox.shares.size).toBe(0);
});

test('help is no failure', async () => {
  await using hako = await world();
  const { exitCode, stdout } = await hako.run('run', '--help');
  expect(exitCode).toBe(0);
  expect(stdout.toString()).toContain('the workload; everything after the image');
});

test('ps shows nothing when there is nothing, also for programs', async () => {
  await using hako = await world();
  expect((await hako.run('ps')).stdout.toString()).toBe('NAME   IMAGE   COMMAND   CREATED   STATUS\n');
  expect((await hako.run('ps', '--json')).stdout.toString()).toBe('[]\n');
});
