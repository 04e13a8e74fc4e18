// SPDX-License-Identifier: Apache-2.0
/** rtnetlink, for guests that have a network: others start sooner without it. */
export { openRouteSocket } from '@hako/linux';
