// SPDX-License-Identifier: Apache-2.0
import { KATA_API_RELEASE } from '@hako/protocols';

/** Release of this package. */
export const packageVersion = '0.0.0';

/** What `Health.Version` and `GetGuestDetails` say: the release of Kata's agent API, and behind the `+` our own. */
export const agentVersion = `${KATA_API_RELEASE}+hako.${packageVersion}`;
