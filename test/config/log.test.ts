import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** What the root logger prints when somebody logs `fields`. */
function logged(fields: string): Record<string, unknown> {
  const program = `
    import { createLog } from '${import.meta.dirname}/../../src/log.ts';
    import { readConfig } from '${import.meta.dirname}/../../src/config.ts';
    const config = readConfig({
      FLEET_SECRET: 'hunter2'.repeat(5),
      BACKUP_URL: 's3://backups/hoplite',
      BACKUP_KEY: '${'hunter2'.repeat(5)}, ${'hunter2'.repeat(6)}',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'hunter2',
      AWS_SESSION_TOKEN: 'hunter2',
      AWS_ENDPOINT_URL_S3: 'https://s3.example.com',
    });
    createLog({ level: 'info', node: 'a', region: 'b' }).info(${fields}, 'backups are on');`;
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }),
  );
}

test.each([
  'config.backup',
  '{ backup: config.backup }',
  '{ keys: config.backup.keys }',
  '{ s3: config.backup.s3 }',
])('a log of %s by mistake tells no secret of backups', (fields) => {
  const line = logged(fields);
  expect(line).toMatchObject({ node: 'a', region: 'b', msg: 'backups are on' });
  expect(JSON.stringify(line)).toContain('[redacted]');
  expect(JSON.stringify(line)).not.toContain('hunter2');
});
