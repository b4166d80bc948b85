/**
 * Tells the person in front of the terminal. On stderr, since the stdout of the script that npm runs
 * next may be read by a program.
 *
 * @param {string} text
 */
export function say(text) {
  process.stderr.write(`hoplite: ${text}\n`);
}
