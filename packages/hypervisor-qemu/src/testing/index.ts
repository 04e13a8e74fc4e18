// SPDX-License-Identifier: Apache-2.0
export { FakeQmpMachine } from './fake-qmp-machine.ts';
export type { FakeGuestManner, FakeQmpMachineOptions } from './fake-qmp-machine.ts';
export { FakeQmpServer } from './fake-qmp-server.ts';
export type { FakeQmpServerOptions, QmpAnswer, ReceivedQmpCommand } from './fake-qmp-server.ts';
export { openGuestShell } from './guest-shell.ts';
export type { GuestShell } from './guest-shell.ts';
export { buildTestGuest, findTestKernel, testGuestParameter } from './test-guest.ts';
export type { TestKernel } from './test-guest.ts';
export { RecordedSchema } from './recorded-schema.ts';
export { scriptedHotplug } from './scripted-hotplug.ts';
export type { ScriptedHotplug } from './scripted-hotplug.ts';
export { createQemuSubject, type QemuSubject } from './qemu-subject.ts';
