/** The files that tasks point to, by address: what the editor fetches, and what the server fetches in its place. */

export interface StoredFile {
  type: string;
  body: string;
}

const ORIGIN = 'https://files.example';
const NOTE = 'Ada Lovelace wrote\r\nthe first "program" — in 1843 & later <b>bold</b>.\n';

const text = (body: string): StoredFile => ({ type: 'text/plain; charset=utf-8', body });
const json = (value: unknown): StoredFile => ({ type: 'application/json', body: JSON.stringify(value) });

/** By address; what is not here is answered with 404. */
export const FILES: Readonly<Record<string, StoredFile>> = {
  [`${ORIGIN}/note.txt`]: text(NOTE),
  [`${ORIGIN}/technik/注.txt`]: text('技术支持 😀'),
  [`${ORIGIN}/with space.txt`]: text('a name with a space'),
  [`${ORIGIN}/empty.txt`]: text(''),
  [`${ORIGIN}/base64.txt`]: text(Buffer.from('QWRh w6k= é').toString('base64')),
  [`${ORIGIN}/page.html`]: { type: 'text/html; charset=utf-8', body: '<p>Hello <b>Ada</b> &amp; all</p>' },
  '/data/upload/1/note.txt': text('an uploaded note'),
  [`${ORIGIN}/talk.json`]: json([
    { author: 'Ada', text: 'Good morning' },
    { author: 'Bob', text: 'Hi\nthere' },
  ]),
  [`${ORIGIN}/talk-of-others.json`]: json([{ who: 'Ada', said: 'Good morning' }]),
  [`${ORIGIN}/series.csv`]: { type: 'text/csv', body: 'time,x,Y\n0,1.5,2\n1,2.5,3\n2,3.5,5\n' },
  [`${ORIGIN}/series-semicolon.csv`]: { type: 'text/csv', body: 'time;x;y\n0;1;2\n1;2;3\n' },
  [`${ORIGIN}/series.json`]: json({ time: [0, 1, 2], x: [1, 2, 3], y: [3, 2, 1] }),
  [`${ORIGIN}/table.csv`]: { type: 'text/csv', body: 'name,age\nAda,36\nBob,41\n' },
};

/** The addresses of texts, and of what is none. */
export const TEXT_ADDRESSES: readonly string[] = [
  `${ORIGIN}/note.txt`,
  `${ORIGIN}/note.txt`,
  `${ORIGIN}/technik/注.txt`,
  `${ORIGIN}/with space.txt`,
  `${ORIGIN}/empty.txt`,
  `${ORIGIN}/page.html`,
  '/data/upload/1/note.txt',
  `${ORIGIN}/missing.txt`,
  'note.txt',
  'The food was awful.',
  'HTTPS://files.example/note.txt',
  ` ${ORIGIN}/note.txt`,
  '//files.example/note.txt',
  'data:text/plain,Hello',
  '',
];

/** The addresses of images, recordings and videos, whose files nobody asks for here. */
export const MEDIA_ADDRESSES: readonly string[] = [
  `${ORIGIN}/a.png`,
  `${ORIGIN}/b c.png`,
  `${ORIGIN}/技术.png?x=1&y=2#z`,
  '/data/upload/1/1a2b3c4d-Capture_d%C3%A9cran.png',
  '/data/local-files/?d=set/scan 1.png',
  's3://pets/cats/Cat (8).png',
  'gs://bucket/key.png',
  'data:image/gif;base64,R0lGODlhAQABAAAAACw=',
  'HTTP://files.example/A.PNG',
  'a.png',
];
