// SPDX-License-Identifier: Apache-2.0

/**
 * Tells on standard error what set-up does. Nothing is printed unless something has to be done.
 *
 * @typedef {object} Reporter
 * @property {<T>(title: string, work: (detail: (text: string) => void) => Promise<T>) => Promise<T>} step
 *   Announces a slow step, runs it and says how long it took; `detail` shows what it is at, on a terminal only.
 * @property {(text: string) => void} note - One line.
 */

const refreshMs = 200;

/**
 * @param {{ write(text: string): unknown, isTTY?: boolean, columns?: number }} stream - Where to; a terminal gets a
 *   running clock on the current line, anything else plain lines.
 * @returns {Reporter}
 */
export function createReporter(stream) {
  return { step: stream.isTTY ? animatedStep : plainStep, note: (text) => stream.write(`set-up: ${text}\n`) };

  /** @type {Reporter['step']} */
  async function plainStep(title, work) {
    const start = performance.now();
    stream.write(`set-up: ${title}\n`);
    const result = await work(() => undefined);
    stream.write(`set-up: ${title}: done in ${seconds(start)}\n`);
    return result;
  }

  /** @type {Reporter['step']} */
  async function animatedStep(title, work) {
    const start = performance.now();
    let current = '';
    const draw = () => {
      const line = `set-up: ${title} ${seconds(start)} ${current}`;
      stream.write(`\r\x1b[K${line.slice(0, (stream.columns ?? 80) - 1)}`);
    };
    draw();
    const timer = setInterval(draw, refreshMs);
    let outcome = 'failed after';
    try {
      const result = await work((text) => {
        current = printable(text);
      });
      outcome = 'done in';
      return result;
    } finally {
      clearInterval(timer);
      stream.write(`\r\x1b[Kset-up: ${title}: ${outcome} ${seconds(start)}\n`);
    }
  }
}

/** @param {number} start */
function seconds(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

/** What programs print may hold colours and cursor movements. @param {string} text */
function printable(text) {
  return text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '').replace(/[^\x20-\x7e]/g, ' ');
}
