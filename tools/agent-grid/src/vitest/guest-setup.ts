// SPDX-License-Identifier: Apache-2.0
import { registerTestedAgents } from '@hako/agent-server/testing';
import { expect, inject } from 'vitest';
import { guestAgent } from '../guest/guest-agent.ts';

let machines = 0;

/** File, test and number: a test may start several machines. */
function nameOfNextConsole(): string {
  const { testPath = '', currentTestName = '' } = expect.getState();
  machines += 1;
  return `${testPath.split('/').at(-1) ?? ''} ${machines} ${currentTestName}`;
}

// Tests in the Vitest project `guest` find one agent: that of a machine of their own.
registerTestedAgents([guestAgent(inject('guestTemplate'), nameOfNextConsole)]);
