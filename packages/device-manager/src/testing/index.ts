// SPDX-License-Identifier: Apache-2.0
export { FakeMachine } from './fake-machine.ts';
export type { FakeMachineCall } from './fake-machine.ts';
