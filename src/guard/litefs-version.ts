/** The LiteFS that everything here was measured with. The Dockerfile and tools/litefs/go.mod pin the same. */
export const liteFsVersion = '0.5.14';

/**
 * What is wrong with a LiteFS, by what `litefs version` printed; `undefined` when it is the pinned one. Another version
 * may call Consul in another way, and the guard would misunderstand who leads.
 */
export function complainAboutVersion(printed: string): string | undefined {
  const found = /^LiteFS v?(\d+\.\d+\.\d+\S*?),/.exec(printed)?.[1];
  if (found === liteFsVersion) return undefined;
  const what = found === undefined ? 'a LiteFS that does not say its version' : `LiteFS ${found}`;
  return `Hoplite runs on LiteFS ${liteFsVersion}, and this machine has ${what}: install the version that the Dockerfile names.`;
}
