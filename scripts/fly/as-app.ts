/**
 * A command of `hoplite` for a machine, as the user that the app runs as: `fly ssh` comes as root, and files that root made in
 * the app's folders would be in its way. The words are those of RUN_AS in scripts/entrypoint.sh.
 */
export function asApp(words: string): string {
  return `setpriv --reuid=node --regid=node --clear-groups --no-new-privs -- hoplite ${words}`;
}
