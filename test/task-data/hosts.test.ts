import { expect } from 'chai';
import { AppError } from '../../src/errors.js';
import { allowedHosts, isPublicAddress } from '../../src/task-data/hosts.js';

describe('task-data/hosts', () => {
  it('tells public addresses from all others', () => {
    for (const address of [
      '8.8.8.8',
      '93.184.215.14',
      '172.32.0.1',
      '2606:4700::1',
      '2001:4860:4860::8888',
    ]) {
      expect(isPublicAddress(address), address).to.equal(true);
    }
    for (const address of [
      '0.0.0.0',
      '10.0.0.1',
      '100.64.0.1',
      '127.0.0.1',
      '127.255.255.254',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::127.0.0.1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '64:ff9b::7f00:1',
      '2001::1',
      '2001:db8::1',
      '2002:7f00:1::',
      'fc00::1',
      'fd00:ec2::254',
      'fe80::1',
      'fe80::1%eth0',
      'fec0::1',
      'ff02::1',
      'localhost',
      '',
    ]) {
      expect(isPublicAddress(address), address).to.equal(false);
    }
  });

  it('matches hosts, ports and wildcards', () => {
    const allows = allowedHosts([
      'MinIO:9000',
      '*.corp.example',
      '10.0.0.5',
      '::1',
      'web.example:443',
      'plain:80',
    ]);
    for (const url of [
      'http://minio:9000/a',
      'https://a.corp.example',
      'http://a.b.corp.example.:8080',
      'http://10.0.0.5:1234',
      'http://0x0a.5/',
      'http://[::1]:80/',
      'https://web.example',
      'http://plain',
    ]) {
      expect(allows(new URL(url)), url).to.equal(true);
    }
    for (const url of [
      'http://minio',
      'http://minio:9001',
      'http://corp.example',
      'http://evilcorp.example',
      'http://a.corp.example.evil.example',
      'http://web.example',
      'https://plain',
      'http://10.0.0.50',
    ]) {
      expect(allows(new URL(url)), url).to.equal(false);
    }
  });

  it('refuses entries that are no host', () => {
    for (const entry of ['http://a', 'a/b', '*', 'a.*.b', 'a b', 'a:', 'a:port', '', 'me@host', '[::1']) {
      expect(() => allowedHosts([entry]), entry)
        .to.throw(AppError, `ALLOW_HOSTS: '${entry}'`)
        .with.property('code', 'setting_invalid');
    }
  });

  it('says what to write instead of an entry that is a URL, or several', () => {
    for (const [entry, advice] of [
      ['https://ml.example/', 'write ml.example'],
      ['http://ml.example:8080/path', 'write ml.example:8080'],
      ['ml.example/path', 'write ml.example'],
      ['ml.example;b', 'separate entries by commas'],
      ['a b.example', 'separate entries by commas'],
      ['a|b', 'separate entries by commas'],
      ['*', 'list the hosts'],
      ['*.*.example', 'list the hosts'],
      ['ml.*', 'list the hosts'],
      ['"ml.example"', 'a host is a name or an address'],
      ['ml.example:99999', 'a host is a name or an address'],
      ['ml..example', 'a host is a name or an address'],
    ] as const) {
      expect(() => allowedHosts([entry], 'PUBLIC_HOSTS'), entry)
        .to.throw(AppError, `PUBLIC_HOSTS: '${entry}' is not host, host:port or *.example.com: ${advice}`)
        .with.property('code', 'setting_invalid');
    }
    // Underscores, international names and names of one word are in use.
    allowedHosts([
      'my_minio:9000',
      'bücher.example',
      'minio',
      '*.xn--bcher-kva.example',
      '[::1]:80',
      'a.example.',
    ]);
  });
});
