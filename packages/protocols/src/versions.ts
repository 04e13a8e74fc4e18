// SPDX-License-Identifier: Apache-2.0

/** What `Health.Version` answers as `grpc_version`; it has never changed. */
export const GRPC_API_VERSION = '0.0.1';

/** Release of Kata Containers whose agent interface the messages in this package are. */
export const KATA_API_RELEASE = '4.1.0';
