import { describe, expect, it } from 'vitest';
import { createKnownNodes } from '../../src/cluster/known-nodes.ts';
import type { Role } from '../../src/domain/role.ts';
import { silentLog } from '../support/silent-log.ts';

const flyUrl = 'http://{node}.vm.my-app.internal:8081';
const none = () => Promise.reject(new Error('asked for nothing'));

function know(options: {
  readonly peerUrl: string;
  readonly role?: Role;
  readonly candidates?: readonly string[];
  readonly findText?: (name: string) => Promise<readonly (readonly string[])[]>;
}): Promise<readonly string[]> {
  const { peerUrl, role = { is: 'primary' }, candidates = [], findText = none } = options;
  return createKnownNodes({
    cluster: { node: 'me', role: () => role },
    peerUrl,
    candidates: () => candidates,
    log: silentLog,
    findText,
  })();
}

describe('the nodes of a fleet', () => {
  it('are those of a list, each once, this one first', async () => {
    const peerUrl = 'b=http://10.0.0.2:8081,me=http://10.0.0.1:8081';
    expect(await know({ peerUrl, candidates: ['b'] })).toEqual(['me', 'b']);
  });

  it('are the primary and the candidates, too', async () => {
    const known = await know({
      peerUrl: 'http://{node}.example:8081',
      role: { is: 'replica', primary: 'p' },
      candidates: ['p', 'q'],
    });
    expect(known).toEqual(['me', 'p', 'q']);
  });

  it('are on Fly the machines that its DNS lists', async () => {
    const asked: string[] = [];
    const known = await know({
      peerUrl: flyUrl,
      async findText(name) {
        asked.push(name);
        return [['3d8d413b29d089 ams,91857', '266b442483 syd'], ['me ams']];
      },
    });
    expect(asked).toEqual(['vms.my-app.internal']);
    expect(known).toEqual(['me', '3d8d413b29d089', '91857266b442483']);
  });

  it('are what is known otherwise while DNS says nothing, or no names', async () => {
    const candidates = ['me', 'other'];
    expect(await know({ peerUrl: flyUrl, candidates })).toEqual(['me', 'other']);
    const findText = async () => [['a/b ams,'], ['']];
    expect(await know({ peerUrl: flyUrl, candidates, findText })).toEqual(['me', 'other']);
  });
});
