// SPDX-License-Identifier: Apache-2.0
import type { Case } from './case.ts';
import { closingCases } from './closing.ts';
import { concurrencyCases } from './concurrency.ts';
import { deadlineCases } from './deadlines.ts';
import { failureCases } from './failures.ts';
import { limitCases } from './limits.ts';
import { streamCases } from './streams.ts';
import { unaryCases } from './unary.ts';

/** The suite. */
export const allCases: readonly Case[] = [
  ...unaryCases,
  ...failureCases,
  ...streamCases,
  ...deadlineCases,
  ...limitCases,
  ...concurrencyCases,
  ...closingCases,
];
