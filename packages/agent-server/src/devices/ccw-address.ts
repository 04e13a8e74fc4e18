// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';

/** A device of the channel subsystem of s390x. The subsystem itself is always 0 in a guest. */
export interface CcwAddress {
  /** 0 to 3. */
  readonly subchannelSet: number;
  /** 0 to 0xffff. */
  readonly deviceNumber: number;
}

const maxSubchannelSet = 3;
const maxSetInText = 0xff;
const maxDeviceNumber = 0xffff;

function refuse(text: string, why: string): never {
  throw new AgentError('invalid_request', why, { operand: text });
}

function wrongFormat(text: string, what: string, part: string): never {
  return refuse(text, `Wrong bus format. ${what} ${JSON.stringify(part)}`);
}

/**
 * Reads `0.<set>.<number>`, the set in decimal, the number in hexadecimal with or without leading zeroes. The texts of the
 * errors are upstream's.
 *
 * @throws AgentError `invalid_request`
 */
export function parseCcwAddress(text: string): CcwAddress {
  const [subsystem = '', set = '', number = '', ...rest] = text.split('.');
  if (text.split('.').length < 3 || rest.length > 0) {
    wrongFormat(text, 'It needs to be in the form 0.<d>.<xxxx>, got', text);
  }
  if (subsystem !== '0') wrongFormat(text, 'First digit needs to be 0, but is', subsystem);
  const subchannelSet = /^\d+$/.test(set) ? Number(set) : NaN;
  if (!(subchannelSet <= maxSetInText)) wrongFormat(text, 'Second digit needs to be 0-3, but is', set);
  const deviceNumber = /^[0-9a-f]+$/i.test(number) ? parseInt(number, 16) : NaN;
  if (!(deviceNumber <= maxDeviceNumber)) wrongFormat(text, 'Third digit needs to be 0-ffff, but is', number);
  if (subchannelSet > maxSubchannelSet) {
    refuse(text, `Subchannel set ID ${subchannelSet} should be in range [0..${maxSubchannelSet}]`);
  }
  return { subchannelSet, deviceNumber };
}

/** Prints `0.<set>.<number>`, the number with four digits. */
export function formatCcwAddress({ subchannelSet, deviceNumber }: CcwAddress): string {
  return `0.${subchannelSet}.${deviceNumber.toString(16).padStart(4, '0')}`;
}
