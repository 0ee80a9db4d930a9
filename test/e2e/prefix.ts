import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Child } from './process.js';

const NGINX = '/usr/sbin/nginx';

/** What shows a Label Studio below a path of another address, and hides its own. */
export interface PrefixServer {
  stop(): Promise<void>;
}

/**
 * Starts nginx as Label Studio's docs configure it; where Debian's `nginx-light` is not installed, a server that does the same.
 * @param folder for its files
 * @param target where the Label Studio listens, such as `http://127.0.0.1:8080`
 */
export async function startPrefix(
  folder: string,
  { port, prefix, target }: { port: number; prefix: string; target: string },
): Promise<PrefixServer> {
  if (!existsSync(NGINX)) return await standIn(port, prefix, target);
  await mkdir(join(folder, 'logs'), { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    name => `${name}_temp_path ${folder};`,
  );
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
    events {}
    http {
      access_log off; ${temporary.join(' ')}
      server {
        listen 127.0.0.1:${port};
        client_max_body_size 0;
        location ${prefix}/ { proxy_pass ${target}/; proxy_set_header Host $http_host; }
      }
    }`,
  );
  const nginx = new Child(NGINX, ['-p', folder, '-c', join(folder, 'nginx.conf')], { env: {} });
  let over = false;
  const ended = nginx.ended.then(how => {
    over = true;
    throw new Error(`nginx ended (${how}):\n${nginx.output}`);
  });
  const answers = async () => {
    while (!over && !(await fetch(`http://127.0.0.1:${port}/`).catch(() => null))) await setTimeout(50);
  };
  await Promise.race([answers(), ended]);
  ended.catch(() => {});
  return nginx;
}

async function standIn(port: number, prefix: string, target: string): Promise<PrefixServer> {
  const server = createServer((incoming, outgoing) => {
    const { url = '', method, headers } = incoming;
    if (!url.startsWith(`${prefix}/`)) return outgoing.writeHead(404).end();
    const onward = request(target + url.slice(prefix.length), { method, headers, agent: false });
    onward.on('error', () => outgoing.destroy());
    onward.on('response', response => {
      outgoing.writeHead(response.statusCode!, response.headers);
      response.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  return {
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
