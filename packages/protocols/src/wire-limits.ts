// SPDX-License-Identifier: Apache-2.0

/** Largest payload of a ttRPC frame, in bytes, its 10-byte header not counted; bounds requests and replies. */
export const maxMessageBytes = 4 * 1024 * 1024;

/** Bytes of file content that the host sends in one CopyFile request. */
export const copyFileChunkBytes = 1024 * 1024;

/** Bytes that the host asks for in one ReadStdout or ReadStderr request. */
export const readStreamBytes = 32 * 1024;
