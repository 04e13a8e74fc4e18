// SPDX-License-Identifier: Apache-2.0
import type { Suite } from './run-suite.ts';
import { clientTarget } from './ttrpc/client-target.ts';
import { decoderTarget } from './ttrpc/decoder-target.ts';
import { envelopeTarget } from './ttrpc/envelope-target.ts';
import { proxyClientTarget } from './ttrpc/proxy-client-target.ts';
import { proxyUpstreamTarget } from './ttrpc/proxy-upstream-target.ts';
import { recordingTarget } from './ttrpc/recording-target.ts';
import { serverTarget } from './ttrpc/server-target.ts';

/** All suites by name. */
export const suites: ReadonlyMap<string, Suite> = new Map(
  [
    {
      name: 'ttrpc',
      targets: [
        decoderTarget,
        envelopeTarget,
        recordingTarget,
        serverTarget,
        clientTarget,
        proxyClientTarget,
        proxyUpstreamTarget,
      ],
    },
  ].map((suite) => [suite.name, suite]),
);
