// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { applyContainerWords, type ContainerWords } from '../container-words.ts';
import { runRequest, type RunWords } from '../run-request.ts';
import { UsageError } from '../usage-error.ts';
import { workloadCommand } from '../workload-options.ts';
import { parseContainerWords } from './container-choices.ts';
import { parseMounts } from './mounts.ts';
import { readSeccompProfile } from './seccomp-profile.ts';

test.for<{ words: ContainerWords; gives: object }>([
  { words: {}, gives: { choices: {}, mounts: [] } },
  { words: { readOnly: true }, gives: { choices: { readOnly: true } } },
  { words: { shmSize: '100k' }, gives: { shmMib: 1 } },
  { words: { shmSize: '1g' }, gives: { shmMib: 1024 } },
  { words: { shmSize: '0' }, gives: { shmMib: 0 } },
  {
    words: { ulimit: ['nofile=1:2', 'core=-1', 'nproc=5:unlimited'] },
    gives: {
      choices: {
        rlimits: [
          { name: 'nofile', soft: 1, hard: 2 },
          { name: 'core', soft: 'unlimited', hard: 'unlimited' },
          { name: 'nproc', soft: 5, hard: 'unlimited' },
        ],
      },
    },
  },
  { words: { capAdd: ['A'] }, gives: { choices: { capabilities: { add: ['A'], drop: [] } } } },
  { words: { capDrop: ['B'] }, gives: { choices: { capabilities: { add: [], drop: ['B'] } } } },
  { words: { sysctl: ['a.b=c=d', 'e=1 2'] }, gives: { choices: { sysctls: { 'a.b': 'c=d', e: '1 2' } } } },
  {
    words: { securityOpt: ['seccomp=unconfined', 'no-new-privileges'] },
    gives: { choices: { seccomp: 'unconfined', noNewPrivileges: true } },
  },
  { words: { securityOpt: ['no-new-privileges:false'] }, gives: { choices: { noNewPrivileges: false } } },
  { words: { entrypoint: '/bin/sh' }, gives: { entrypoint: '/bin/sh' } },
  {
    words: { tmpfs: ['/a', '/b:size=1m,mode=700,exec,uid=5'] },
    gives: {
      mounts: [
        { type: 'tmpfs', destination: '/a', options: ['nosuid', 'nodev', 'noexec'] },
        {
          type: 'tmpfs',
          destination: '/b',
          sizeBytes: 1 << 20,
          mode: 0o700,
          options: ['nosuid', 'nodev', 'exec', 'uid=5'],
        },
      ],
    },
  },
])('the words $words mean $gives', ({ words, gives }) => {
  expect(parseContainerWords(words)).toMatchObject(gives);
});

test.for<{ words: ContainerWords; says: string }>([
  { words: { shmSize: 'much' }, says: '"much" is not a size' },
  { words: { ulimit: ['nofile'] }, says: 'limit "nofile" is not NAME=SOFT[:HARD]' },
  { words: { ulimit: ['nofile=1:2:3'] }, says: 'is not NAME=SOFT[:HARD]' },
  { words: { sysctl: ['a.b'] }, says: 'sysctl "a.b" is not NAME=VALUE' },
  { words: { sysctl: ['=1'] }, says: 'is not NAME=VALUE' },
  { words: { securityOpt: ['label=disable'] }, says: 'unknown security option "label=disable"' },
  { words: { securityOpt: ['seccomp='] }, says: 'unknown security option' },
  { words: { securityOpt: ['seccomp=/no/such/file'] }, says: 'seccomp profile /no/such/file is not usable' },
  { words: { entrypoint: '' }, says: 'the entry point is empty' },
  { words: { tmpfs: ['tmp'] }, says: 'tmpfs "tmp" is not DIR[:OPTIONS]' },
  { words: { tmpfs: ['/a:size=1:x'] }, says: 'is not DIR[:OPTIONS]' },
  { words: { tmpfs: ['/a:mode=9'] }, says: 'tmpfs mode "9" is not octal' },
  { words: { tmpfs: ['/a:remount'] }, says: 'tmpfs /a has no option "remount"' },
])('the words $words are refused: $says', ({ words, says }) => {
  expect(() => parseContainerWords(words)).toThrow(UsageError);
  expect(() => parseContainerWords(words)).toThrow(says);
});

test.for<{ text: string; gives: object }>([
  { text: 'type=tmpfs,target=/t', gives: { mounts: [{ type: 'tmpfs', destination: '/t' }] } },
  {
    text: 'type=tmpfs,dst=/t,tmpfs-size=1k,tmpfs-mode=1770',
    gives: { mounts: [{ sizeBytes: 1024, mode: 0o1770 }] },
  },
  {
    text: 'type=hugetlbfs,dst=/h,size=4m,pagesize=2m',
    gives: { mounts: [{ type: 'hugetlbfs', sizeBytes: 4 << 20, pageBytes: 2 << 20 }] },
  },
  {
    text: 'type=volume,source=work,dst=/v,readonly',
    gives: { mounts: [{ type: 'volume', destination: '/v', name: 'work', readOnly: true }] },
  },
  {
    text: 'type=volume,dst=/v,volume-opt=type=tmpfs,volume-opt=device=tmpfs',
    gives: { mounts: [{ type: 'volume', medium: 'tmpfs' }] },
  },
  {
    text: 'type=bind,src=/etc,dst=/e,ro',
    gives: { volumes: [{ source: '/etc', destination: '/e', readOnly: true }], mounts: [] },
  },
])('--mount $text means $gives', ({ text, gives }) => {
  expect(parseMounts([text])).toMatchObject(gives);
});

test('--mount takes paths that have colons', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'hako-a:b-'));
  try {
    expect(parseMounts([`type=bind,src=${directory},dst=/c:ro`]).volumes).toEqual([
      { source: directory, destination: '/c:ro', readOnly: false },
    ]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test.for([
  { text: 'type=tmpfs', says: 'has no dst' },
  { text: 'type=tmpfs,dst=t', says: 'mount destination "t" is not absolute' },
  { text: 'type=tmpfs,dst=/t,src=/x', says: 'mount of type tmpfs has no word "src"' },
  { text: 'type=hugetlbfs,dst=/t', says: 'has no size' },
  { text: 'type=volume,dst=/t,volume-opt=type=nfs', says: 'has no volume-opt=type=nfs' },
  { text: 'type=bind,src=/no/such,dst=/t', says: 'volume source /no/such does not exist' },
])('--mount $text is refused: $says', ({ text, says }) => {
  expect(() => parseMounts([text])).toThrow(says);
});

test('the words of a run come together in its request', async () => {
  const words: RunWords = {
    volume: ['/etc:/a'],
    mount: ['type=bind,src=/usr,dst=/b', 'type=tmpfs,dst=/c'],
    tmpfs: ['/d'],
    capAdd: ['NET_ADMIN'],
  };
  const request = await applyContainerWords(runRequest('busybox', [], words, {}), words);
  expect(request.volumes.map(({ destination }) => destination)).toEqual(['/a', '/b']);
  expect(request.mounts.map(({ destination }) => destination)).toEqual(['/c', '/d']);
  expect(request.choices).toEqual({ capabilities: { add: ['NET_ADMIN'], drop: [] } });
  const plain = runRequest('busybox', [], {}, {});
  expect(await applyContainerWords(plain, {})).toBe(plain);
});

test.for([
  { request: { command: [] }, runs: ['/entry', 'default'] },
  { request: { command: ['mine'] }, runs: ['/entry', 'mine'] },
  { request: { command: [], entrypoint: 'sh' }, runs: ['sh'] },
  { request: { command: ['-c', 'x'], entrypoint: 'sh' }, runs: ['sh', '-c', 'x'] },
])('the request $request runs $runs', ({ request, runs }) => {
  expect(workloadCommand(request, { command: ['/entry', 'default'], entrypoint: ['/entry'] })).toEqual(runs);
});

const arch = { x64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' }[process.arch as 'x64' | 'arm64'];
const rule = (name: string, more: object = {}): object => ({
  names: [name],
  action: 'SCMP_ACT_ALLOW',
  comment: 'why',
  ...more,
});

test.for<{ name: string; profile: unknown; gives?: object; says?: string }>([
  {
    name: 'of the OCI',
    profile: { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_X86'], syscalls: [] },
    gives: { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_X86'], syscalls: [] },
  },
  {
    name: "of Docker's, whose conditions stay",
    profile: {
      defaultAction: 'SCMP_ACT_ERRNO',
      archMap: [
        { architecture: 'SCMP_ARCH_MIPS', subArchitectures: ['SCMP_ARCH_MIPS64'] },
        { architecture: arch, subArchitectures: ['SCMP_ARCH_X32'] },
      ],
      syscalls: [
        rule('read', { includes: {}, excludes: null }),
        rule('mount', { includes: { caps: ['CAP_SYS_ADMIN'] } }),
        rule('here', { includes: { arches: ['amd64'], minKernel: '4.8' } }),
        rule('excluded', { excludes: { caps: ['CAP_SYS_ADMIN'] } }),
        { name: 'old', action: 'SCMP_ACT_ALLOW' },
      ],
    },
    gives: {
      defaultAction: 'SCMP_ACT_ERRNO',
      architectures: [arch, 'SCMP_ARCH_X32'],
      syscalls: [
        { names: ['read'], action: 'SCMP_ACT_ALLOW' },
        { names: ['mount'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
        { names: ['here'], action: 'SCMP_ACT_ALLOW', includes: { arches: ['amd64'] } },
        { names: ['excluded'], action: 'SCMP_ACT_ALLOW', excludes: { caps: ['CAP_SYS_ADMIN'] } },
        { names: ['old'], action: 'SCMP_ACT_ALLOW' },
      ],
    },
  },
  { name: 'that is a list', profile: [], says: 'it is no object' },
  { name: 'without a default action', profile: {}, says: 'defaultAction' },
  {
    name: 'whose calls have no action',
    profile: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['x'] }] },
    says: 'action',
  },
  ...[{ caps: 'CAP_CHOWN' }, { arches: [1] }, 'CAP_CHOWN'].map((includes) => ({
    name: `with the condition ${JSON.stringify(includes)}`,
    profile: { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [rule('x', { includes })] },
    says: 'have to be',
  })),
  {
    name: 'with a rule that is none',
    profile: { defaultAction: 'SCMP_ACT_ERRNO', syscalls: ['read'] },
    says: 'syscalls[0]',
  },
])('a filter $name', async ({ profile, gives, says }) => {
  const directory = await mkdtemp(join(tmpdir(), 'hako-'));
  try {
    const path = join(directory, 'profile.json');
    await writeFile(path, JSON.stringify(profile));
    const read = (): unknown => readSeccompProfile(path);
    if (says === undefined) expect(read()).toEqual(gives);
    else expect(read).toThrow(says);
  } finally {
    await rm(directory, { recursive: true });
  }
});
