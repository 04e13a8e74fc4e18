// SPDX-License-Identifier: Apache-2.0
export { guestMachine } from './guest-machine.ts';
export { guestRootfs, type GuestTemplate } from './guest-template.ts';
export { type GuestRequest, type RunningGuest, startGuest } from './running-guest.ts';
