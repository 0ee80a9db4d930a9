import { gzipSync } from 'node:zlib';
import { assert } from 'chai';
import { hugePng } from '../../support/png.js';
import { runPython } from '../../support/python.js';
import { serve, stopServers } from '../../task-data/servers.js';
import { shuffled } from '../random.js';
import type { Disturbance } from './disturbance.js';
import type { ChaosServer } from './server.js';

const CONFIG = `<View><Image name="image" value="$image"/><Choices name="digit" toName="image">${[
  ...'0123456789',
]
  .map(digit => `<Choice value="${digit}"/>`)
  .join('')}</Choices></View>`;
const EVERY = 200;
const SIDE = 16_000;
const ENDLESS_PIECE = Buffer.alloc(65_536);
/** Codes that say that the task is at fault. */
const TOLD = ['task_unreadable', 'task_invalid'];
const SILENT = 8;

interface Item {
  result?: { value: { choices: string[] } }[];
  error?: { code: string; message: string };
}

export const hostileMedia: Disturbance = {
  name: 'images that are broken, that expand, that never come or never end, beside good ones, which are answered',
  async run(server, random) {
    const drawn = await runPython<{ image: string; digit: string }>('test/models/digits.py', [
      { side: 8, every: EVERY, mode: 'L' },
    ]);
    const good = drawn.map(({ image }) => image);
    const before = await ask(server, good);
    const right = before.filter((item, index) => choice(item) === drawn[index]!.digit).length;
    assert.isAtLeast(right, good.length - 1, `of ${good.length} digits that are drawn well`);

    const bytes = Buffer.from(good[0]!.split(',')[1]!, 'base64');
    const site = await serve((request, response) => {
      const endless = () => {
        while (!response.destroyed && response.write(ENDLESS_PIECE));
        response.once('drain', endless);
      };
      if (request.url === '/endless') endless();
      else if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end();
      else if (request.url === '/packed')
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(SIDE * 4_000)));
      else if (request.url === '/cut')
        response
          .writeHead(200, { 'content-length': bytes.length + 1 })
          .write(bytes, () => response.destroy());
      else if (request.url !== '/silent') response.writeHead(500).end();
    });
    const uri = (content: Buffer) => `data:image/png;base64,${content.toString('base64')}`;
    const hostile = [
      uri(hugePng(SIDE, SIDE)),
      uri(bytes.subarray(0, bytes.length / 2)),
      uri(Buffer.from(Array.from({ length: 5_000 }, () => random(256)))),
      uri(Buffer.alloc(0)),
      'data:image/png;base64,%%%',
      'data:text/plain,good',
      '/data/upload/1/../../../../etc/passwd',
      'file:///dev/zero',
      ...['endless', 'loop', 'packed', 'cut', 'failing'].map(name => `${site.url}/${name}`),
    ];
    const gone = new AbortController();
    const silent = Array.from({ length: SILENT }, () =>
      fetch(`${server.process.url}/predict`, {
        method: 'POST',
        body: JSON.stringify(bodyOf([`${site.url}/silent`])),
        signal: gone.signal,
      }).catch(() => {}),
    );
    try {
      const mixed = shuffled(random, [...good, ...hostile]);
      const items = await ask(server, mixed);
      for (const [index, item] of items.entries()) {
        const image = mixed[index]!;
        const at = good.indexOf(image);
        if (at >= 0)
          assert.equal(choice(item), choice(before[at]!), `${JSON.stringify(item)} of a good image`);
        else
          assert.include(
            TOLD,
            item.error?.code,
            `${JSON.stringify(item).slice(0, 300)} of ${image.slice(0, 60)}`,
          );
      }
    } finally {
      gone.abort();
      await Promise.all(silent);
      await stopServers();
    }
    return `${hostile.length} beside ${good.length} good ones`;
  },
};

async function ask(server: ChaosServer, images: readonly string[]): Promise<Item[]> {
  const body = bodyOf(images);
  const { results } = await server.server.connections.json<{ results: Item[] }>('POST', '/predict', body);
  assert.lengthOf(results, images.length);
  return results;
}

function bodyOf(images: readonly string[]): object {
  const tasks = images.map((image, id) => ({ id, data: { image } }));
  return { tasks, project: '7', label_config: CONFIG };
}

function choice(item: Item): string | undefined {
  return item.result?.[0]?.value.choices[0];
}
