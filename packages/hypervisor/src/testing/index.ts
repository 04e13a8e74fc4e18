// SPDX-License-Identifier: Apache-2.0
export { describeHypervisorCompliance } from './compliance.ts';
export type { ComplianceGuest, ComplianceOptions, ComplianceSubject } from './compliance.ts';
export type { FakeAgentTransport } from './fake-agent-port.ts';
export { FakeHypervisor } from './fake-hypervisor.ts';
export type { FakeGuestScript, FakeHypervisorCall, FakeHypervisorOptions } from './fake-hypervisor.ts';
export { FakeVm } from './fake-vm.ts';
export type { FakeGuest } from './fake-vm.ts';
