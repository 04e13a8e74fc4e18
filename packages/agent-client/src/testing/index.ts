// SPDX-License-Identifier: Apache-2.0
export { createFakeAgent } from './fake-agent.ts';
export type { FakeAgent, FakeAgentOptions, FakeHandler, FakeMethod, RecordedCall } from './fake-agent.ts';
export type { FakeProgram } from './fake-guest.ts';
export { FakeProcess } from './fake-process.ts';
export { connectKataAgent } from './kata-agent-pair.ts';
export type { KataAgentPair } from './kata-agent-pair.ts';
