import { expect } from 'chai';
import { classify, describeValue, locate, presignPath, readDataUri } from '../../src/task-data/resolve.js';

describe('task-data/resolve', () => {
  it('takes strings that are not a reference as a whole for inline text', () => {
    for (const value of [
      '',
      'Great service',
      'uploading pictures is slow',
      'upload/photos later',
      'https://example.com is down again',
      'http://',
      'http://[::1',
      's3://bucket',
      'data: none',
      '/etc/passwd',
      'file:///etc/passwd',
      'see\n/data/upload/1/a.txt',
      '/data/local-files/?d=a\nb',
      '/data/local-files/?id=a',
      '/data/local-files/??d=a',
      '/data/local-files/?d=',
    ]) {
      expect(classify(value), value).to.deep.equal({ kind: 'inline' });
    }
  });

  it('knows URLs and cloud URIs', () => {
    for (const url of ['http://example.com', 'https://example.com/a.png?x=1', 'HTTPS://Example.com/a']) {
      expect(classify(url)).to.deep.equal({ kind: 'http', url });
    }
    for (const uri of ['s3://b/a.txt', 'gs://b/with space.txt', 'azure-blob://container/x/y.png']) {
      expect(classify(uri)).to.deep.equal({ kind: 'cloud', uri });
    }
  });

  it('knows uploads in each of their spellings', () => {
    for (const value of [
      '/data/upload/3/a.txt',
      'data/upload/3/a.txt',
      '/upload/3/a.txt',
      'upload/3/a.txt',
    ]) {
      expect(classify(value), value).to.deep.equal({
        kind: 'label-studio',
        path: '/data/upload/3/a.txt',
        fallback: '/storage-data/uploaded/?filepath=upload/3/a.txt',
      });
    }
    for (const value of ['/storage-data/uploaded/?filepath=upload/3/a', 'storage-data/uploaded?filepath=x']) {
      expect(classify(value)).to.deep.equal({ kind: 'label-studio', path: `/${value.replace(/^\//, '')}` });
    }
  });

  it('decodes the path of a local file once, the last one winning', () => {
    const url = '/data/local-files/?d=no&d=my%20dir/100%2525.txt';
    expect(classify(url)).to.deep.equal({ kind: 'local', path: 'my dir/100%25.txt', url });
    expect(classify('/data/local-files?d=a b')).to.include({ kind: 'local', path: 'a b' });
  });

  it("strips the path that Label Studio's address has", () => {
    const labelStudio = { url: 'https://example.com/ls/' };
    expect(classify('/ls/data/upload/3/a', labelStudio)).to.include({ path: '/data/upload/3/a' });
    expect(classify('/data/upload/3/a', labelStudio)).to.include({ path: '/data/upload/3/a' });
    expect(classify('/lsd/data/upload/3/a', labelStudio)).to.deep.equal({ kind: 'inline' });
  });

  it('is not held up by long addresses', function () {
    this.timeout(20_000);
    const url = `https://example.com${'/'.repeat(200_000)}x`;
    expect(classify('/data/upload/3/a', { url })).to.include({ path: '/data/upload/3/a' });
    const local = `/data/local-files/?${'&d=a'.repeat(100_000)}`;
    expect(classify(`${local}\n`)).to.deep.equal({ kind: 'inline' });
    expect(classify(local)).to.include({ kind: 'local', path: 'a' });
  });

  it('reads data URIs', () => {
    expect(classify('data:image/png;base64,aGk=')).to.deep.equal({ kind: 'data', bytes: Buffer.from('hi') });
    expect(classify('data:text/plain;charset=utf-8,h%C3%A9')).to.deep.equal({
      kind: 'data',
      bytes: Buffer.from('hé'),
    });
  });

  it('reads data URIs in the spellings that browsers read', async () => {
    const bodies = [
      'aGk=',
      'aGk',
      'a G k =',
      'aG%6B',
      'aGk%3D',
      '%20aGk',
      'h\u00e9%C3%A9%zz%4',
      '%%41%4%4a%e4%4G%%',
      'a,b',
      'a#b',
      '',
      'a===',
      'aGka',
      'aGkaa',
    ];
    const heads = [
      'data:',
      'DATA:image/png',
      'data:;base64',
      'data:;Base64',
      'data:image/png;base64',
      'data:text/plain;charset=utf-8;base64',
      'data:text/plain; base64 ',
      'data:text/plain;charset=latin1',
      'data:base64',
      'data:nonsense;a="b"',
      ' data:text/html',
    ];
    let read = 0;
    for (const head of heads) {
      for (const body of bodies) {
        for (const uri of [`${head},${body}`, `${head},${body}\n`]) {
          // What undici, which Node fetches with, makes of it.
          const expected = await fetch(uri).then(
            async response => Buffer.from(await response.arrayBuffer()),
            () => undefined,
          );
          expect(readDataUri(uri)?.bytes, uri).to.deep.equal(expected);
          if (expected) read++;
        }
      }
    }
    expect(read).to.be.above(200);
    expect(readDataUri('data:text/plain')).to.equal(undefined);
    expect(readDataUri('see data:,a')).to.equal(undefined);
  });

  it('is not held up by a data URI with many escapes', function () {
    this.timeout(20_000);
    const { bytes } = readDataUri(`data:,${'%41a'.repeat(12_000_000)}`)!;
    expect(bytes.length).to.equal(24_000_000);
    expect(bytes.subarray(-4).toString()).to.equal('AaAa');
  });

  it('finds addresses in the spellings that the page of the editor follows', () => {
    const labelStudio = { url: 'https://example.com/ls/' };
    const url = (value: string) => (locate(value, labelStudio) as { url?: string }).url;
    expect(url('https://a.example/bad review.txt')).to.equal('https://a.example/bad%20review.txt');
    expect(url('\u0000 https://a.example/a.txt\r\n')).to.equal('https://a.example/a.txt');
    expect(url('https://a.exam\nple/ä.txt')).to.equal('https://a.example/ä.txt');
    expect(url('HTTP:a.example')).to.equal('http://a.example/');
    expect(url('//a.example/a')).to.equal('https://a.example/a');
    expect(url('/static/samples/sample.txt')).to.equal('https://example.com/static/samples/sample.txt');
    expect(locate('//a.example/a')).to.deep.equal({ kind: 'label-studio', path: '//a.example/a' });
    expect(locate('s3://bucket/a b.txt\n')).to.deep.equal({ kind: 'cloud', uri: 's3://bucket/a b.txt' });
    expect(locate(' data:,a')).to.deep.equal({ kind: 'data', bytes: Buffer.from('a') });
    for (const path of [
      '/data/upload/4/bad review.txt',
      '/ls/data/upload/4/bad review.txt',
      '/label-studio/data/upload/4/bad review.txt ',
      '/a/b/data/upload/4/bad review.txt',
      'upload/4/bad review.txt',
    ])
      expect(locate(path, labelStudio), path).to.include({
        kind: 'label-studio',
        path: '/data/upload/4/bad%20review.txt',
      });
    expect(locate('/x/data/local-files/?d=a b.txt')).to.include({ kind: 'local', path: 'a b.txt' });
    for (const none of [
      '',
      'Great service',
      'a.txt',
      'ftp://a/b',
      'file:///etc/passwd',
      'http://',
      '../../etc/passwd',
      's3://bucket',
    ])
      expect(locate(none, labelStudio), none).to.deep.equal({ kind: 'inline' });
  });

  describe('of a Label Studio that tasks call otherwise', () => {
    const INNER = 'http://studio:8080';
    const upload = {
      kind: 'label-studio',
      path: '/data/upload/3/a.png',
      fallback: '/storage-data/uploaded/?filepath=upload/3/a.png',
    };
    const places = [
      { url: INNER, outer: 'https://example.com/ls' },
      { url: INNER, outer: 'https://example.com' },
      { url: `${INNER}/inner`, outer: 'https://example.com/ls/' },
      { url: `${INNER}/inner/`, outer: 'http://example.com' },
      { url: 'https://example.com/ls' },
      { url: 'https://example.com' },
    ];

    for (const place of places) {
      const [own, page] = [place.url.replace(/\/$/, ''), (place.outer ?? place.url).replace(/\/$/, '')];
      const { pathname: path } = new URL(page);
      const prefix = path === '/' ? '' : path;

      it(`reads what ${page} holds at ${own}`, () => {
        // A server that ends TLS before it may think that it speaks http.
        const schemes = [page, page.replace('https:', 'http:'), page.replace('http:', 'https:')];
        for (const base of [...schemes, own, prefix]) {
          expect(classify(`${base}/data/upload/3/a.png`, place), base).to.deep.equal(upload);
          expect(locate(`${base}/data/upload/3/a.png `, place), base).to.deep.equal(upload);
          expect(classify(`${base}/data/local-files/?d=x/a.png`, place), base).to.include({
            kind: 'local',
            path: 'x/a.png',
            url: '/data/local-files/?d=x/a.png',
          });
        }
        for (const path of ['/static/samples/a.jpg', '/tasks/7/presign/?fileuri=czM6', '/samples/a.csv']) {
          const http = { kind: 'http', url: own + path };
          for (const base of schemes) expect(classify(base + path, place), base).to.deep.equal(http);
          expect(locate(prefix + path, place), prefix).to.deep.equal(http);
        }
      });
    }

    it('leaves other hosts, ports and paths as they are', () => {
      const place = { url: INNER, outer: 'https://example.com/ls' };
      for (const url of [
        'https://example.com/data/upload/3/a.png',
        'https://example.com/lsx/data/upload/3/a.png',
        'https://example.com/ls/../data/upload/3/a.png',
        'https://example.com:8443/ls/data/upload/3/a.png',
        'https://example.com.evil.example/ls/data/upload/3/a.png',
        'https://example.com/ls/images/a.png',
        'https://example.com/ls/api/users',
      ])
        expect(classify(url, place), url).to.deep.equal({ kind: 'http', url });
      expect(locate('/images/a.png', place)).to.deep.equal({
        kind: 'http',
        url: 'https://example.com/images/a.png',
      });
    });
  });

  it('keeps the padding of a presigned URI, without which Label Studio cannot decode it', () => {
    expect(presignPath(7, 's3://b/a')).to.equal('/tasks/7/presign/?fileuri=czM6Ly9iL2E%3D');
    expect(presignPath(7, 's3://b/~~~???')).to.equal('/tasks/7/presign/?fileuri=czM6Ly9iL35-fj8_Pw%3D%3D');
  });

  it('shows values without secrets, on one line, and short', () => {
    expect(describeValue('https://me:pw@host/a.png?X-Amz-Signature=1#x')).to.equal('https://host/a.png');
    expect(describeValue('azure-blob://me:pw@c/a?sig=1')).to.equal('azure-blob://c/a');
    expect(describeValue('/data/local-files/?d=a/b.txt&sig=1')).to.equal('/data/local-files/?d=a/b.txt');
    expect(describeValue('two\nlines')).to.equal('two lines');
    expect(describeValue('x'.repeat(500))).to.have.lengthOf(103);
    expect(describeValue(`https://${'x'.repeat(500)}:pw@host/a`)).to.equal('https://host/a');
  });
});
