// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { SandboxError } from '../sandbox-error.ts';
import { explainLaunchFailure } from './launch-failure.ts';
import { planVolumes, splitBundleMounts } from './mount-plan.ts';

test('each volume is shared under a name of its own and bound from there', () => {
  const plan = planVolumes('box', [
    { source: '/host/a', destination: '/data', readOnly: false },
    { source: '/host/b', destination: '/', readOnly: true },
  ]);
  expect(plan.shares.map(({ name }) => name)).toEqual([
    expect.stringMatching(/^box-[0-9a-f]{16}-data$/),
    expect.stringMatching(/^box-[0-9a-f]{16}-root$/),
  ]);
  expect(plan.mounts.map(({ source }) => source)).toEqual(
    plan.shares.map(({ name }) => `/run/kata-containers/shared/containers/${name}`),
  );
  expect(plan.mounts.map(({ options }) => options?.at(-1))).toEqual(['rw', 'ro']);
});

test('what a bundle binds from the host is shared, the rest is left to the guest', async () => {
  const mounts = [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/etc/hosts', type: 'bind', source: '/host/hosts', options: ['rbind', 'ro'] },
    { destination: '/dev/shm', type: 'tmpfs', source: 'shm' },
    { destination: '/sys/x', type: 'bind', source: '/sys/x' },
    { destination: '/dev/null2', source: '/dev/null', options: ['bind'] },
  ];
  const { volumes, others } = await splitBundleMounts(mounts);
  expect(volumes).toEqual([{ source: '/host/hosts', destination: '/etc/hosts', readOnly: true }]);
  expect(others.map(({ destination, type }) => [destination, type])).toEqual([
    ['/proc', 'proc'],
    ['/dev/shm', 'bind'],
    ['/sys/x', 'bind'],
    ['/dev/null2', undefined],
  ]);
});

test.for([
  {
    words: 'crun: executable file `nope` not found in $PATH: No such file or directory',
    code: 'command_not_found',
  },
  { words: 'open executable: Permission denied', code: 'command_not_executable' },
  { words: 'exec container process `/x`: Exec format error', code: 'command_not_executable' },
  { words: 'mount /run/x: No such file or directory', code: 'agent_failed' },
])('"$words" means $code', ({ words, code }) => {
  const failure = explainLaunchFailure(new SandboxError('agent_failed', words), ['nope']);
  expect(failure).toMatchObject({ code });
});
