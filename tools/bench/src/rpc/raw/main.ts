// SPDX-License-Identifier: Apache-2.0

// The limit that no protocol can pass: bytes there and back through node:net, with nothing read from them.
import { runLoadProgram } from '../load-program.ts';
import { rawLoad } from './raw-client.ts';
import { rawServer } from './raw-server.ts';

await runLoadProgram({ serve: rawServer, load: rawLoad });
