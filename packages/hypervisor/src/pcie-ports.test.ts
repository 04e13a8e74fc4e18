// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { validatePciePorts, type PciePorts } from './pcie-ports.ts';

test.each<PciePorts>([{}, { root: 16, switch: 16 }, { root: 0 }])('%j are taken', (ports) => {
  expect(() => validatePciePorts(ports)).not.toThrow();
});

test.each<PciePorts>([{ root: 17 }, { switch: 17 }, { root: -1 }, { switch: 1.5 }])(
  '%j are refused',
  (ports) => {
    expect(() => validatePciePorts(ports)).toThrow(
      expect.objectContaining({ code: 'invalid_config', operand: 'pciePorts' }),
    );
  },
);
