// SPDX-License-Identifier: Apache-2.0
/** The device mapper, for guests whose layers are verified: few are. */
export { createMappedDevice, removeMappedDevice } from '@hako/linux';
