import { FlyFailure } from '../../fly/fly-failure.ts';
import type { Step } from '../step.ts';

/** A bucket of Tigris, which is Fly's partner, and where in it backups go. */
export const backupsStep: Step = {
  title: 'Backups',
  why:
    'A bucket at Tigris, which Fly bills, gets a copy of the links each minute. fly shows the keys of the bucket as it sets ' +
    'them. BACKUP_KEY signs backups: keep a copy of it outside of Fly, for without it no backup can be trusted.',
  isOptional: true,

  async plan(world) {
    const { app, bucket } = world.choices;
    if (bucket === undefined) return [];
    const there = await world.secretNames();
    const url = { BACKUP_URL: `s3://${bucket}/hoplite` };
    const missing = {
      ...(there.has('BACKUP_URL') ? {} : url),
      ...(there.has('BACKUP_KEY') ? {} : { BACKUP_KEY: world.randomSecret() }),
    };
    return [
      ...(there.has('AWS_ACCESS_KEY_ID')
        ? []
        : [{ args: ['storage', 'create', '--app', app, '--name', bucket, '--yes'] }]),
      ...(Object.keys(missing).length === 0
        ? []
        : [{ args: ['secrets', 'import', '--app', app, '--stage'], secrets: missing }]),
    ];
  },

  async check(world) {
    const there = await world.secretNames();
    const missing = [
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_ENDPOINT_URL_S3',
      'BACKUP_URL',
      'BACKUP_KEY',
    ].filter((name) => !there.has(name));
    if (missing.length === 0) return;
    throw new FlyFailure(`The bucket is there, but these secrets are not: ${missing.join(', ')}.`);
  },
};
