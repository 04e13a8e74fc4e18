// SPDX-License-Identifier: Apache-2.0
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
