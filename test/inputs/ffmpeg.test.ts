import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { assert } from 'chai';
import { startFfmpeg } from '../../src/inputs/ffmpeg.js';
import { MediaTime } from '../../src/inputs/media-time.js';
import { lengthsOf, readFrames } from '../../src/inputs/video/frames.js';
import { useFfmpeg } from '../support/ffmpeg.js';
import { temporaryFolder } from '../support/folder.js';
import { serve, stopServers } from '../task-data/servers.js';
import { ffmpeg, flat, source } from './video/make.js';

/** As a run of several files has it, of which each gets a second. */
function shortTime() {
  const time = new MediaTime();
  time.begin(1, 2);
  return time.file();
}

function longTime() {
  return new MediaTime().file();
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => assert.fail('it was read'),
    (error: Error) => error.message,
  );
}

/** Puts a script of the shell in the place of ffmpeg, which says in a file which process it is. */
async function withScript(
  script: string,
  work: (pid: () => Promise<number>) => Promise<void>,
): Promise<void> {
  const { PATH } = process.env;
  const folder = await temporaryFolder();
  const path = join(folder, 'ffmpeg');
  await writeFile(path, `#!/bin/sh\necho $$ > ${folder}/pid\n${script}\n`);
  await chmod(path, 0o755);
  process.env.PATH = `${folder}${delimiter}${PATH}`;
  const pid = async (): Promise<number> => {
    for (;;) {
      const text = await readFile(join(folder, 'pid'), 'utf8').catch(() => '');
      if (text.endsWith('\n')) return Number(text);
      await setTimeout(10);
    }
  };
  try {
    await work(pid);
  } finally {
    process.env.PATH = PATH;
  }
}

/** Resolves when a process has ended. */
async function ended(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await setTimeout(10);
  }
}

const START = ['--import', 'tsx', 'test/inputs/video/start-ffmpeg.ts'];
const ENDLESS = 'while :; do :; done';

describe('an ffmpeg', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);

  before(async () => {
    await useFfmpeg();
    folder = await temporaryFolder();
  });
  after(stopServers);

  it('that never ends is ended when the time of its file is over', async () => {
    await withScript(ENDLESS, async pid => {
      assert.equal(
        await messageOf(lengthsOf('/nowhere', shortTime())),
        'decoding it takes longer than 1 seconds',
      );
      await ended(await pid());
    });
  });

  it('that gives no frame is ended after some silence', async () => {
    await withScript(ENDLESS, async pid => {
      const reader = readFrames('/nowhere', { rate: 25, count: 1 }, shortTime());
      assert.match(await messageOf(reader.next()), /^decoding it takes longer than 1 seconds$/);
      reader.close();
      await ended(await pid());
    });
  });

  it('ends with the process that started it, however that ends', async () => {
    await withScript(ENDLESS, async pid => {
      const child = spawn(process.execPath, START, { stdio: 'inherit' });
      const own = await pid();
      child.kill('SIGKILL');
      await once(child, 'exit');
      await ended(own);
    });
  });

  it('has no more than its share of memory', async () => {
    const wants =
      'dd if=/dev/zero of=/dev/null bs=3G count=1 2>/dev/null || { echo "Cannot allocate memory" >&2; exit 1; }';
    await withScript(wants, async () => {
      assert.equal(
        await messageOf(lengthsOf('/nowhere', longTime())),
        'decoding it takes more than 2 GiB of memory',
      );
    });
  });

  it('decodes no frames that are too large', async () => {
    await ffmpeg(...flat('6000x6000'), '-frames:v', '1', '-c:v', 'mjpeg', at('large.mkv'));
    const reader = readFrames(at('large.mkv'), { rate: 5, count: 1 }, longTime());
    assert.match(await messageOf(reader.next()), /^its images have more than 33554432 pixels: Picture size/);
    reader.close();
  });

  it('opens no other file and no address, whatever a file names', async () => {
    const server = await serve((_, response) => response.end());
    await ffmpeg(...source(25, 0.2), '-c:v', 'libx264', at('secret.mp4'));
    const files: [name: string, text: string][] = [
      ['hls.m3u8', `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${server.url}/a.ts\n#EXT-X-ENDLIST\n`],
      [
        'local.mp4',
        `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:${at('secret.mp4')}\n#EXT-X-ENDLIST\n`,
      ],
      ['concat.mp4', `ffconcat version 1.0\nfile '${at('secret.mp4')}'\n`],
      ['remote.mp4', `ffconcat version 1.0\nfile '${server.url}/a.mp4'\n`],
      ['rtp.sdp', `v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n`],
      [
        'dash.mpd',
        `<MPD><Period><AdaptationSet><BaseURL>${server.url}/</BaseURL></AdaptationSet></Period></MPD>`,
      ],
      ['asx.asf', `<ASX version="3.0"><Entry><Ref href="${server.url}/a.asf"/></Entry></ASX>`],
    ];
    for (const [name, text] of files) {
      await writeFile(at(name), text);
      assert.match(
        await messageOf(lengthsOf(at(name), longTime())),
        /Invalid data|not detecting|not allowed|whitelist/i,
        name,
      );
    }
    // Neither are addresses of other kinds than files.
    for (const address of [`concat:${at('secret.mp4')}`, `${server.url}/a.mp4`])
      assert.isString(await messageOf(lengthsOf(address, longTime())));
    assert.isEmpty(server.requests);
  }).timeout(60_000);

  it('gives the frames of a video whose size changes in the middle, or a reason', async () => {
    for (const [index, size] of ['64x48', '320x16'].entries())
      await ffmpeg(...source(25, 0.2, size), '-c:v', 'mpeg2video', '-f', 'mpegts', at(`${index}.ts`));
    await writeFile(at('both.ts'), Buffer.concat([await readFile(at('0.ts')), await readFile(at('1.ts'))]));
    const reader = readFrames(at('both.ts'), { rate: 25, count: 10 }, longTime());
    try {
      for (let frame = 0; frame < 10; frame++) {
        const { width, height, data } = await reader.next();
        assert.lengthOf(data, 3 * width * height);
      }
    } catch (error) {
      // FFmpeg 7.0.2 does not survive it.
      assert.equal((error as Error).message, 'Segmentation fault');
    } finally {
      reader.close();
    }
  });

  it('is started without waiting for what it reads', async () => {
    const {
      ended: end,
      output,
      kill,
    } = startFfmpeg({ name: 'videos', containers: 'gif' }, '/nowhere', ['-f', 'null', '-']);
    output.resume();
    assert.match(await messageOf(end), /No such file or directory/);
    kill();
  });
});
