import { request } from 'node:http';
import { assert } from 'chai';
import type { Disturbance } from './disturbance.js';

const ELSEWHERE: readonly Record<string, string>[] = [
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { 'sec-fetch-site': 'cross-site' },
  { host: 'evil.example' },
];

export const crossSite: Disturbance = {
  name: 'requests of pages of other sites: each is refused, whatever it asks for',
  async run(server) {
    const { url } = server.process;
    const { id } = server.annotations.project;
    const asked: readonly [string, string, object?][] = [
      ['GET', '/api/models'],
      ['GET', `/api/projects/${server.project.id}`],
      ['GET', '/metrics'],
      ['POST', '/predict', { tasks: [], project: id }],
      ['POST', '/setup', { ...server.labelStudio.setup(server.project), hostname: 'http://evil.example' }],
      ['POST', '/webhook', { action: 'PROJECT_DELETED', project: { id: Number(id) } }],
      ['POST', '/webhook', { action: 'PROJECT_DELETED', project: { id: Number(server.project.id) } }],
      ['POST', '/delete', { project: id }],
      ['POST', '/delete', { project: server.project.id }],
      ['POST', '/train', { project: server.project.id }],
    ];
    assert.equal((await server.server.connections.send('GET', '/api/models')).status, 200);
    for (const [method, path, body] of asked)
      for (const headers of ELSEWHERE) {
        const status = await send(method, `${url}${path}`, headers, body);
        assert.equal(status, 403, `${method} ${path} ${JSON.stringify(headers)}`);
      }
    assert.equal(await send('GET', `${url}/health`, ELSEWHERE[0]!), 200, '/health');
    const { version } = await server.server.serving(server.project);
    return `${asked.length * ELSEWHERE.length} were refused; the project's version is still ${version}`;
  },
};

function send(method: string, url: string, headers: Record<string, string>, body?: object): Promise<number> {
  return new Promise((resolve, reject) => {
    // What a form sends.
    const sent = request(url, { method, headers: { ...headers, 'content-type': 'text/plain' } }, response => {
      response.resume();
      resolve(response.statusCode!);
    });
    sent.once('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
