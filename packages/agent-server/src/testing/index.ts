// SPDX-License-Identifier: Apache-2.0
export { startCrunAgent, whyNoContainers, type AgentHarness } from './agent-harness.ts';
export { pathExists, readText, shellOutput, shellWord, writeText } from './agent-files.ts';
export { createFakeMounter, type FakeMounter } from './fake-mounter.ts';
export { FakeProcess, type FakeProgram } from './fake-process.ts';
export { fakePrograms } from './fake-programs.ts';
export {
  createFakeRuntime,
  type FakeContainer,
  type FakeFailures,
  type FakeRuntime,
} from './fake-runtime.ts';
export { createFakeSystem, type FakeSystem } from './fake-system.ts';
export { createMemoryPipe, type MemoryPipe } from './memory-pipe.ts';
export { openTestConnection } from './test-connection.ts';
export type { PluggedDisk, PluggedNic, ScriptResult, TestMachine } from './test-machine.ts';
export {
  registerTestedAgents,
  type TestConnection,
  type TestedAgent,
  type TestedAgentHarness,
  type TestedAgentKind,
  type TestedAgentOptions,
} from './tested-agent.ts';
export { createRequest, execRequest, testSpec } from './test-spec.ts';
