import { expect, test } from 'vitest';
import { complainAboutVersion, liteFsVersion } from '../../src/guard/litefs-version.ts';

test.for([
  [`LiteFS v${liteFsVersion}, commit=`, undefined],
  [`LiteFS v${liteFsVersion}, commit=3d1bd3f\n`, undefined],
  [`LiteFS ${liteFsVersion}, commit=3d1bd3f`, undefined],
  ['LiteFS v0.5.11, commit=3d1bd3f', 'has LiteFS 0.5.11'],
  [`LiteFS v${liteFsVersion}-rc1, commit=`, `has LiteFS ${liteFsVersion}-rc1`],
  ['LiteFS commit=3d1bd3f', 'a LiteFS that does not say its version'],
  ['LiteFS development build', 'a LiteFS that does not say its version'],
  ['', 'a LiteFS that does not say its version'],
] as const)('%s', ([printed, complaint]) => {
  if (complaint === undefined) expect(complainAboutVersion(printed)).toBeUndefined();
  else expect(complainAboutVersion(printed)).toContain(complaint);
});
