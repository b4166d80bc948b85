import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { restoreNewest } from '../../src/backup/restore-newest.ts';
import { SnapshotFault } from '../../src/backup/snapshot-fault.ts';
import { recordVerified } from '../../src/backup/verified-backups.ts';
import { openTestStore, packInto, SampleDatabases } from '../support/backup-store.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { TestFolder } from '../support/test-database.ts';

const flips = 100;

it.each([false, true])(
  `of 100 flipped bytes none comes out, with BACKUP_ENCRYPT=%s: all is what was backed up, or is refused in words`,
  async (encrypt) => {
    using samples = new SampleDatabases(300);
    using folder = new TestFolder();
    const store = { ...openTestStore(folder), encrypt };
    const { bytes } = seededRandom(`flipped bytes, ${encrypt}`);
    const draw = (below: number) => Buffer.from(bytes(6)).readUIntBE(0, 6) % below;
    const contents = new Map<string, readonly string[]>();
    for (const title of ['first', 'second']) {
      const links = samples.copy('links', folder, (database) =>
        database.prepare('UPDATE links SET title = ? WHERE id = 5').run(title),
      );
      const clicks = samples.copy('clicks', folder);
      const { name, manifest } = await packInto(store, { links, clicks });
      await recordVerified(store, { name, manifest }, { node: 'a' });
      contents.set(
        name,
        [links.file, clicks.file].map((file) => readFileSync(file, 'hex')),
      );
    }
    const [older, newest] = [...contents.keys()] as [string, string];
    const bucket = folder.file('bucket');
    const objects = readdirSync(bucket, { recursive: true, encoding: 'utf8' })
      .map((path) => join(bucket, path))
      .filter((path) => statSync(path).isFile());

    const seen = { untouched: 0, older: 0, refused: 0 };
    for (let n = 0; n < flips; n += 1) {
      const object = objects[draw(objects.length)] as string;
      const whole = readFileSync(object);
      const flipped = Buffer.from(whole);
      const at = draw(whole.length);
      flipped[at] = (flipped[at] ?? 0) ^ (1 + draw(255));
      writeFileSync(object, flipped);
      const out = folder.file(`out-${n}`);
      try {
        const restored = await restoreNewest(store, { folder: out });
        const files = Object.values(restored?.files ?? {}).map((file) => readFileSync(file, 'hex'));
        expect(files).toEqual(contents.get(restored?.name ?? ''));
        if (restored?.name === newest) {
          seen.untouched += 1;
          expect(restored.passedOver).toEqual([]);
        } else {
          seen.older += 1;
          expect(restored?.name).toBe(older);
          expect(restored?.passedOver).toEqual([
            { name: newest, why: expect.stringContaining(newest) },
          ]);
        }
      } catch (error) {
        if (!(error instanceof SnapshotFault)) throw error;
        seen.refused += 1;
        expect(error.message).toMatch(/^none of the backups in .* can be restored: .*parts\//);
        expect(existsSync(out) ? readdirSync(out) : []).toEqual([]);
      }
      writeFileSync(object, whole);
    }
    // Records of verification and the older backup's own objects, the newest's own, and what both need.
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
    expect((await restoreNewest(store, { folder: folder.file('out') }))?.name).toBe(newest);
  },
);
