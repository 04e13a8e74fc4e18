// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { SandboxError } from '../sandbox-error.ts';
import { explainLaunchFailure } from './launch-failure.ts';

test.for([
  {
    words: 'crun: executable file `nope` not found in $PATH: No such file or directory',
    code: 'command_not_found',
  },
  { words: 'open executable: Permission denied', code: 'command_not_executable' },
  { words: 'open executable: Operation not permitted', code: 'command_not_executable' },
  { words: 'exec container process: mount `proc`: Operation not permitted', code: 'agent_failed' },
  { words: 'exec container process `/x`: Exec format error', code: 'command_not_executable' },
  { words: 'mount /run/x: No such file or directory', code: 'agent_failed' },
])('"$words" means $code', ({ words, code }) => {
  const failure = explainLaunchFailure(new SandboxError('agent_failed', words), ['nope']);
  expect(failure).toMatchObject({ code });
});
