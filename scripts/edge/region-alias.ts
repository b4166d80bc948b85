/** Fly's region codes by area (Fly docs, "Regions"). A code that is missing here belongs to `any` only. */
const us = ['atl', 'bos', 'den', 'dfw', 'ewr', 'iad', 'lax', 'mia', 'ord', 'phx', 'sea', 'sjc'];
const areas: ReadonlyMap<string, readonly string[]> = new Map([
  ['apac', ['bom', 'hkg', 'nrt', 'sin', 'syd']],
  ['eu', ['ams', 'arn', 'cdg', 'fra', 'lhr', 'mad', 'otp', 'waw']],
  ['na', [...us, 'gdl', 'qro', 'yul', 'yyz']],
  ['sa', ['bog', 'eze', 'gig', 'gru', 'scl']],
  ['us', us],
  ['usa', us],
]);

/** Whether a region code is meant by `name`, which is a code or one of the aliases `apac eu na sa us usa any`. */
export function isRegionMeantBy(region: string, name: string): boolean {
  return name === 'any' || name === region || areas.get(name)?.includes(region) === true;
}
