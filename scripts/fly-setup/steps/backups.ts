import { FlyFailure } from '../../fly/fly-failure.ts';
import type { Step } from '../step.ts';

/**
 * A bucket of Tigris, which is Fly's partner, and the key of backups. Where in it they go follows from BUCKET_NAME, which
 * `fly storage create` sets.
 */
export const backupsStep: Step = {
  title: 'Backups',
  why:
    'A bucket at Tigris, which Fly bills, gets a copy of the links each minute. fly shows the keys of the bucket as it sets ' +
    'them. BACKUP_KEY signs backups: keep a copy of it outside of Fly, for without it no backup can be trusted.',
  isOptional: true,

  async plan(world) {
    const { app, bucket } = world.choices;
    const there = await world.secretNames();
    // Whoever has named a place has another bucket.
    if (bucket === undefined || there.has('BACKUP_URL')) return [];
    return [
      ...(there.has('BUCKET_NAME')
        ? []
        : [{ args: ['storage', 'create', '--app', app, '--name', bucket, '--yes'] }]),
      ...(there.has('BACKUP_KEY')
        ? []
        : [
            {
              args: ['secrets', 'import', '--app', app, '--stage'],
              secrets: { BACKUP_KEY: world.randomSecret() },
            },
          ]),
    ];
  },

  async check(world) {
    const there = await world.secretNames();
    const missing = [
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_ENDPOINT_URL_S3',
      'BUCKET_NAME',
      'BACKUP_KEY',
    ].filter((name) => !there.has(name));
    if (missing.length === 0) return;
    throw new FlyFailure(`The bucket is there, but these secrets are not: ${missing.join(', ')}.`);
  },
};
