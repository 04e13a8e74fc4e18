// SPDX-License-Identifier: Apache-2.0
import { describeHypervisorCompliance } from '@hako/hypervisor/testing';
import { describe } from 'vitest';
import { createQemuSubject } from './testing/qemu-subject.ts';
import { findTestKernel } from './testing/test-guest.ts';

const hasKernel = (await findTestKernel()) !== undefined;

describe.skipIf(!hasKernel)('QemuHypervisor (skipped if no test kernel is prepared)', () => {
  describeHypervisorCompliance('QEMU', (guest) => createQemuSubject(guest));
});
