// SPDX-License-Identifier: Apache-2.0
export { TtrpcError, type TtrpcErrorCode, type TtrpcErrorOptions } from './ttrpc-error.ts';
export { TtrpcClientError, TtrpcServerError } from './call-errors.ts';
export { defaultLimits, maxFramePayloadBytes, type ConnectionLimits, type QueueOverflow } from './limits.ts';
export type { CloseOptions, CloseReason } from './connection/close-reason.ts';
export type {
  DeepPartial,
  MessageType,
  MethodDefinition,
  TtrpcServiceDefinition,
} from './definition/service-definition.ts';
export { createChannel, type Channel, type ChannelOptions } from './client/channel.ts';
export type { ChannelCallOptions, TtrpcCallOptions } from './client/call-options.ts';
export { createCallRoute, type CallRoute } from './client/call-route.ts';
export type { ClientStream } from './client/stream-call.ts';
export { createClient, createClientFactory, type ClientFactory } from './client/client.ts';
export type { Client, ClientMethod, DefaultCallOptions } from './client/client-types.ts';
export { createServer, type Connection, type Server, type ServerOptions } from './server/server.ts';
export type { TtrpcCallContext } from './server/call-context.ts';
export { createMetadata } from './metadata.ts';
export type { MethodImplementation, ServerStream, ServiceImplementation } from './server/server-types.ts';
export { createProxy, type Proxy, type ProxyLimits, type ProxyOptions } from './proxy/proxy.ts';
export {
  anyContextId,
  formatAddress,
  maxUnixPathBytes,
  parseAddress,
  type Address,
} from './address/address.ts';
export { dial, type DialOptions, type Dialer } from './transport/dial.ts';
export { shakeHybridHands } from './transport/hybrid-vsock.ts';
export { listen, type ListenerFactory, type ListenOptions } from './transport/listen.ts';
export type { Listener } from './transport/listener.ts';
export { createMemoryPair, type MemoryPairOptions } from './transport/memory-pair.ts';
export { createSocketPair, type SocketPair } from './transport/socket-pair.ts';
export {
  encodeFrame,
  frameFlag,
  frameHeaderBytes,
  frameType,
  type FrameHeader,
} from './frame/frame-header.ts';
export { FrameDecoder, type FrameSink } from './frame/frame-decoder.ts';
export {
  decodeRequestEnvelope,
  encodeRequestEnvelope,
  type KeyValue,
  type RequestEnvelope,
} from './envelope/request-envelope.ts';
export {
  decodeResponseEnvelope,
  encodeResponseEnvelope,
  type ResponseEnvelope,
} from './envelope/response-envelope.ts';
export {
  decodeStatus,
  encodeStatus,
  type AnyMessage,
  type StatusMessage,
} from './envelope/status-message.ts';
export { record, createRecorder } from './record/recorder.ts';
export type { Recorder, RecorderOptions, RecordingSummary, RecordStreamOptions } from './record/recorder.ts';
export type { RecordingOverflow } from './record/recording-file.ts';
export type { Side } from './record/recording-format.ts';
export { openRecording } from './record/read-recording.ts';
export type { ReadRecordingOptions, RecordedEvent, Recording } from './record/read-recording.ts';
export { readConversation } from './record/conversation.ts';
export type { ConversationEvent, RecordedCall } from './record/conversation.ts';
export type { RecordedMessage } from './record/message-codec.ts';
export { replayRecording } from './record/replay-recording.ts';
export type { ReplayedCall, ReplayOptions } from './record/replay-recording.ts';
export type { Answer, AnswerDifference } from './record/answer-difference.ts';
