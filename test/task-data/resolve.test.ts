import { expect } from 'chai';
import { classify, describeValue, presignPath } from '../../src/task-data/resolve.js';

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
      'data:text/plain,%E0%A4%A',
      '/etc/passwd',
      'file:///etc/passwd',
      'see\n/data/upload/1/a.txt',
      '/data/local-files/?d=a\nb',
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

  it('reads data URIs', () => {
    expect(classify('data:image/png;base64,aGk=')).to.deep.equal({ kind: 'data', bytes: Buffer.from('hi') });
    expect(classify('data:text/plain;charset=utf-8,h%C3%A9')).to.deep.equal({
      kind: 'data',
      bytes: Buffer.from('hé'),
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
