import { assert } from 'chai';
import { labelStudioSource, shownUrl, urlOf } from '../../src/label-studio/source.js';
import type { Project } from '../../src/state.js';

const project = (hostname: string | null, accessToken: string | null): Project => ({
  labelConfig: '<View/>',
  hostname,
  accessToken,
  extraParams: {},
});

const projects: Record<string, Project> = {
  own: project('http://own.example/ls', 'setup-token'),
  tokenless: project('https://own.example', null),
  unnamed: project('', 'setup-token'),
  bare: project('localhost:8080', 'setup-token'),
  unset: project(null, null),
};
const state = { project: (id: string) => projects[id] };

describe('the Label Studio of a project', () => {
  it('is the one of its setup, when that named an address', () => {
    const source = labelStudioSource({ LABEL_STUDIO_URL: null, LABEL_STUDIO_API_KEY: null }, state);
    assert.deepEqual(source('own'), { url: 'http://own.example/ls', token: 'setup-token', told: 'setup' });
    assert.deepEqual(source('tokenless'), { url: 'https://own.example', token: '', told: 'setup' });
    for (const id of ['unnamed', 'bare', 'unset', 'unknown', null]) assert.isNull(source(id), String(id));
  });

  it('is that of the settings when they name one, and never with the token of the other', () => {
    const url = 'https://set.example';
    const source = labelStudioSource({ LABEL_STUDIO_URL: url, LABEL_STUDIO_API_KEY: 'set-token' }, state);
    for (const id of ['unnamed', 'bare', 'unset', 'unknown', null])
      assert.deepEqual(source(id), { url, token: 'set-token' });
    const outer = 'http://own.example/ls';
    assert.deepEqual(source('own'), { url, token: 'set-token', outer });
    const open = labelStudioSource({ LABEL_STUDIO_URL: url, LABEL_STUDIO_API_KEY: null }, state);
    assert.deepEqual(open('own'), { url, token: '', outer });
    const keyOnly = labelStudioSource({ LABEL_STUDIO_URL: null, LABEL_STUDIO_API_KEY: 'set-token' }, state);
    assert.deepEqual(keyOnly('own'), { url: 'http://own.example/ls', token: 'setup-token', told: 'setup' });
  });

  it('is written without the slashes at its end, however many it has', function () {
    this.timeout(20_000);
    for (const end of ['', '/', '///']) {
      assert.equal(urlOf({ url: `http://own.example/ls${end}` }, '/api').href, 'http://own.example/ls/api');
      assert.equal(shownUrl({ url: `http://own.example${end}` }), 'http://own.example');
    }
    const url = `http://own.example${'/'.repeat(200_000)}x`;
    assert.equal(urlOf({ url }, '/api').href, `${url}/api`);
    assert.equal(shownUrl({ url }), url);
  });
});
