// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { agentCachePath, agentPath, compileAgent, runAgent } from './agent-script.ts';

// What the guest's Node is started with.
runAgent(compileAgent(readFileSync(agentPath, 'latin1'), readFileSync(agentCachePath)));
