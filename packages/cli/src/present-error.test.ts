// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from '@hako/sandbox';
import { expect, test } from 'vitest';

import { presentError } from './present-error.ts';

test('what a guest says cannot steer the terminal', () => {
  const error = new SandboxError('boot_failed', 'no answer', {
    tail: 'first\n\u001b[2Jkernel panic \u202e!',
  });
  expect(presentError(error)).toEqual({
    line: String.raw`hako: no answer: \u{1b}[2Jkernel panic \u{202e}!`,
    exitCode: 125,
  });
});

test.for([
  { code: 'command_not_found', exitCode: 127 },
  { code: 'command_not_executable', exitCode: 126 },
  { code: 'aborted', exitCode: 130 },
  { code: 'vm_exited', exitCode: 125 },
] as const)('$code ends with $exitCode', ({ code, exitCode }) => {
  expect(presentError(new SandboxError(code, 'why')).exitCode).toBe(exitCode);
});

test('what nobody foresaw is one line too', () => {
  expect(presentError(new TypeError('x is\nnot a function'))).toEqual({
    line: 'hako: unexpected failure: x is not a function; report it',
    exitCode: 125,
  });
});
