// SPDX-License-Identifier: Apache-2.0
import { EchoDefinition, EchoMessage } from './echo-definition.ts';

/** The echo message with the JSON half that ts-proto generates. */
const JsonEchoMessage = {
  ...EchoMessage,
  toJSON: ({ text, body, count }: EchoMessage): unknown => ({
    ...(text === '' ? {} : { text }),
    ...(body.length === 0 ? {} : { body: Buffer.from(body).toString('base64') }),
    ...(count === 0 ? {} : { count }),
  }),
};
const types = { requestType: JsonEchoMessage, responseType: JsonEchoMessage };
const { unary, serverStream, clientStream, bidiStream } = EchoDefinition.methods;

/** The echo service with messages that know their JSON. */
export const JsonEchoDefinition = {
  ...EchoDefinition,
  methods: {
    unary: { ...unary, ...types },
    serverStream: { ...serverStream, ...types },
    clientStream: { ...clientStream, ...types },
    bidiStream: { ...bidiStream, ...types },
  },
} as const;
