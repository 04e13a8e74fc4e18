// SPDX-License-Identifier: Apache-2.0
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatApAddress, parseApAddress } from './ap-address.ts';
import { formatCcwAddress, parseCcwAddress } from './ccw-address.ts';
import { formatPciPath, parsePciPath, pciPathOfSlots } from './pci-path.ts';

const refusal = (message: string): unknown =>
  expect.objectContaining({ code: 'invalid_request', message: expect.stringContaining(message) as string });

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdefgA./:+- ')) }),
);

/** What a parser takes prints as something it takes for the same; what it refuses, it refuses with its own error. */
function holdsFor<Value>(parse: (text: string) => Value, format: (value: Value) => string) {
  fc.assert(
    fc.property(anyText, (text) => {
      let value: Value;
      try {
        value = parse(text);
      } catch (error) {
        expect(error).toMatchObject({ name: 'AgentError', code: 'invalid_request', operand: text });
        return;
      }
      expect(parse(format(value))).toEqual(value);
    }),
    { numRuns: 2000 },
  );
}

describe('CCW addresses', () => {
  test.each([
    { text: '0.0.0', printed: '0.0.0000' },
    { text: '0.0.0000', printed: '0.0.0000' },
    { text: '0.3.ffff', printed: '0.3.ffff' },
    { text: '0.1.a', printed: '0.1.000a' },
    { text: '0.2.0BEE', printed: '0.2.0bee' },
  ])('$text is printed $printed', ({ text, printed }) => {
    expect(formatCcwAddress(parseCcwAddress(text))).toBe(printed);
  });

  test.each([
    ['', 'Wrong bus format. It needs to be in the form 0.<d>.<xxxx>, got ""'],
    ['0.0', 'Wrong bus format. It needs to be in the form 0.<d>.<xxxx>, got "0.0"'],
    ['0.0.0.0', 'Wrong bus format. It needs to be in the form 0.<d>.<xxxx>, got "0.0.0.0"'],
    ['1.0.0', 'Wrong bus format. First digit needs to be 0, but is "1"'],
    ['.0.0', 'Wrong bus format. First digit needs to be 0, but is ""'],
    ['0.no_set.0', 'Wrong bus format. Second digit needs to be 0-3, but is "no_set"'],
    ['0.256.0', 'Wrong bus format. Second digit needs to be 0-3, but is "256"'],
    ['0..0', 'Wrong bus format. Second digit needs to be 0-3, but is ""'],
    ['0.4.0', 'Subchannel set ID 4 should be in range [0..3]'],
    ['0.0.no_number', 'Wrong bus format. Third digit needs to be 0-ffff, but is "no_number"'],
    ['0.0.10000', 'Wrong bus format. Third digit needs to be 0-ffff, but is "10000"'],
    ['0.0.', 'Wrong bus format. Third digit needs to be 0-ffff, but is ""'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseCcwAddress(text)).toThrow(refusal(message));
  });

  test('any text is read back as it was printed, or refused', () => {
    holdsFor(parseCcwAddress, formatCcwAddress);
  });

  test('every address is printed so that it is read back', () => {
    const address = fc.record({
      subchannelSet: fc.integer({ min: 0, max: 3 }),
      deviceNumber: fc.integer({ min: 0, max: 0xffff }),
    });
    fc.assert(
      fc.property(address, (value) => {
        const text = formatCcwAddress(value);
        expect(text).toMatch(/^0\.[0-3]\.[0-9a-f]{4}$/);
        expect(parseCcwAddress(text)).toEqual(value);
      }),
    );
  });
});

describe('AP addresses', () => {
  test.each([
    { text: 'a.1', printed: '0a.0001' },
    { text: 'FF.FFFF', printed: 'ff.ffff' },
    { text: '00.0000', printed: '00.0000' },
  ])('$text is printed $printed', ({ text, printed }) => {
    expect(formatApAddress(parseApAddress(text))).toBe(printed);
  });

  test.each([
    ['', 'Wrong AP bus format. It needs to be in the form <xx>.<xxxx> (e.g. 0a.003f), got ""'],
    ['0.0.0', 'Wrong AP bus format. It needs to be in the form <xx>.<xxxx> (e.g. 0a.003f), got "0.0.0"'],
    ['.', 'Wrong AP bus format. AP ID needs to be in the form <xx> (e.g. 0a), got ""'],
    ['0g.0000', 'Wrong AP bus format. AP ID needs to be in the form <xx> (e.g. 0a), got "0g"'],
    ['100.0000', 'Wrong AP bus format. AP ID needs to be in the form <xx> (e.g. 0a), got "100"'],
    ['0a.10000', 'Wrong AP bus format. AP domain needs to be in the form <xxxx> (e.g. 003f), got "10000"'],
    ['0a.', 'Wrong AP bus format. AP domain needs to be in the form <xxxx> (e.g. 003f), got ""'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseApAddress(text)).toThrow(refusal(message));
  });

  test('any text is read back as it was printed, or refused', () => {
    holdsFor(parseApAddress, formatApAddress);
  });

  test('every address is printed so that it is read back', () => {
    const address = fc.record({
      adapter: fc.integer({ min: 0, max: 0xff }),
      domain: fc.integer({ min: 0, max: 0xffff }),
    });
    fc.assert(
      fc.property(address, (value) => {
        const text = formatApAddress(value);
        expect(text).toMatch(/^[0-9a-f]{2}\.[0-9a-f]{4}$/);
        expect(parseApAddress(text)).toEqual(value);
      }),
    );
  });
});

describe('PCI paths', () => {
  test.each([
    { text: '02', path: { rootBus: 0, slots: [{ slot: 2, fn: 0 }] }, printed: '02' },
    {
      text: '2/1f.7',
      path: {
        rootBus: 0,
        slots: [
          { slot: 2, fn: 0 },
          { slot: 31, fn: 7 },
        ],
      },
      printed: '02/1f.7',
    },
    {
      text: '40/02/00',
      path: {
        rootBus: 0x40,
        slots: [
          { slot: 2, fn: 0 },
          { slot: 0, fn: 0 },
        ],
      },
      printed: '40/02/00',
    },
    {
      text: '1f/02/00',
      path: {
        rootBus: 0,
        slots: [
          { slot: 31, fn: 0 },
          { slot: 2, fn: 0 },
          { slot: 0, fn: 0 },
        ],
      },
      printed: '1f/02/00',
    },
  ])('$text is printed $printed', ({ text, path, printed }) => {
    expect(parsePciPath(text)).toEqual(path);
    expect(formatPciPath(path)).toBe(printed);
  });

  test.each([
    ['', 'is empty'],
    ['/02', 'has a part that is no slot: ""'],
    ['02/', 'has a part that is no slot: ""'],
    ['02//00', 'has a part that is no slot: ""'],
    ['002', 'has a part that is no slot: "002"'],
    ['02.8', 'has a part that is no slot: "02.8"'],
    ['0g', 'has a part that is no slot: "0g"'],
    ['0000:00:02.0', 'has a part that is no slot'],
    ['20', 'has a slot above 1f'],
    ['20/00', 'has a slot above 1f'],
    ['40.1/02/00', 'has a slot above 1f'],
    ['../../etc', 'has a part that is no slot: ".."'],
  ])('%j is refused because it %s', (text, message) => {
    expect(() => parsePciPath(text)).toThrow(refusal(message));
  });

  test('any text is read back as it was printed, or refused', () => {
    holdsFor(parsePciPath, formatPciPath);
  });

  test('slots given as numbers make a path', () => {
    expect(pciPathOfSlots([2, 31])).toBe('02/1f');
    expect(() => pciPathOfSlots([])).toThrow(refusal('is empty'));
    expect(() => pciPathOfSlots([2, 32])).toThrow(refusal('is no slot'));
    expect(() => pciPathOfSlots([-1])).toThrow(refusal('is no slot'));
    expect(() => pciPathOfSlots([1.5])).toThrow(refusal('is no slot'));
  });
});
