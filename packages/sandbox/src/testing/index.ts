// SPDX-License-Identifier: Apache-2.0
export { FakeGuestAgent } from './fake-guest-agent.ts';
export type { AgentMethod, FakeGuestAgentOptions } from './fake-guest-agent.ts';
export { ConfigVolumeFolder } from './config-volume-folder.ts';
export { FakeFileShare } from './fake-file-share.ts';
export { FakeProcess } from './fake-process.ts';
export type { FakeMain, FakeProgram } from './fake-process.ts';
export { machineObstacle } from './machine-obstacle.ts';
export { temporaryDirectory } from './temporary-directory.ts';
export type { TemporaryDirectory } from './temporary-directory.ts';
export { fakeSandbox } from './fake-components.ts';
export type { FakeSandbox, FakeSandboxOptions, FakeStep } from './fake-components.ts';
export { FakeNamespace } from './fake-namespace.ts';
export type { FakeNamespaceOptions } from './fake-namespace.ts';
