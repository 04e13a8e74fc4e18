// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { compileAgent, runAgent } from './agent-script.ts';

// Run on the build host by the guest's Node as `write-code-cache.ts AGENT OUTPUT`: loads the agent, lets it print its
// version, and keeps the code that V8 has compiled by then.
const [agentFile = '', outputFile = ''] = process.argv.splice(2, 2, '--version');
const script = compileAgent(readFileSync(agentFile, 'latin1'));
process.once('exit', () => writeFileSync(outputFile, script.createCachedData()));
runAgent(script);
