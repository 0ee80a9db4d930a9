import { assert } from 'chai';
import type { Prediction } from '../../../src/model.js';
import type { Region } from '../../../src/regions/contract.js';
import { startBackend, type TestBackend } from '../../support/backend.js';
import type { ErrorBody } from '../../support/client.js';
import { collect } from '../../support/predictions.js';
import { ROOT, runPython } from '../../support/python.js';

interface Line {
  at: [number, number];
  size: number;
  text: string;
}

interface Page {
  size: [number, number];
  turn: number;
  lines: Line[];
}

interface Written {
  file: string;
  boxes: [number, number, number, number][];
}

/** The text without spaces, some of which the recogniser drops in turned and in tiny lines. */
const letters = (text: string) => text.replaceAll(/\s/g, '');

const PAGE: Page = {
  size: [800, 420],
  turn: 0,
  lines: [
    { at: [40, 30], size: 36, text: 'Invoice 2026-0815' },
    { at: [430, 30], size: 36, text: 'Total: 129.90 EUR' },
    { at: [40, 130], size: 30, text: 'Thank you for your order!' },
    { at: [40, 230], size: 44, text: 'Ada Lovelace & Co.' },
    { at: [40, 330], size: 26, text: 'https://example.com/terms?lang=en' },
  ],
};
const TURNED: Page = { ...PAGE, turn: -14 };
const UPRIGHT: Page = { ...PAGE, turn: 90 };
const EMPTY: Page = { ...PAGE, lines: [] };

/** Letters of few pixels on small pages. */
const TINY: Page[] = [6, 7].flatMap(size =>
  [
    ['Thank you for your order', 'Invoice 2026-0815'],
    ['Total: 129.90 EUR', 'Ada Lovelace & Co.'],
    ['shipping address', 'page 3 of 12'],
  ].map(
    (texts): Page => ({
      size: [110, 36],
      turn: 0,
      lines: texts.map((text, line) => ({ at: [6, 5 + 15 * line], size, text })),
    }),
  ),
);

const CONFIG = `<View>
  <Image name="page" value="$page"/>
  <RectangleLabels name="boxes" toName="page"><Label value="Text"/><Label value="Name"/></RectangleLabels>
  <TextArea name="transcription" toName="page" perRegion="true" editable="true"/>
</View>`;

/** Changes of a letter that turn one text into another (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + Number(a[i - 1] !== b[j - 1])));
    row = next;
  }
  return row[b.length]!;
}

const textOf = ({ value }: Pick<Region, 'value'>) => (value.text as string[])[0]!;

describe('the input of text in images', function () {
  this.timeout(60_000);
  let backend: TestBackend;
  let written: Written[];

  before(async () => {
    written = await runPython<Written>('test/inputs/ocr/texts.py', [PAGE, TURNED, UPRIGHT, EMPTY, ...TINY]);
    backend = await startBackend({ MODEL_DIR: `${ROOT}models` });
  });
  after(() => backend?.stop());

  const predict = async (pages: readonly string[], config = CONFIG, context?: unknown) => {
    const reply = await backend.post<{ results: Prediction[] }>('/models/ocr/predict', {
      tasks: pages.map((page, id) => ({ id, data: { page } })),
      label_config: config,
      params: { context },
    });
    assert.equal(reply.status, 200, reply.reason);
    return reply.body.results.map(({ result, ...rest }) => {
      const of = (type: string) => result.filter(each => each.type === type) as Region[];
      return { ...rest, result, texts: of('textarea'), boxes: of('rectanglelabels') };
    });
  };

  it('is read line by line, each text with the id and the place of its box', async () => {
    const [page] = await predict([written[0]!.file]);
    const { texts, boxes } = page!;
    // With the spaces: each line has a margin when it is read.
    assert.sameMembers(
      texts.map(textOf),
      PAGE.lines.map(({ text }) => text),
    );
    assert.equal(boxes.length, texts.length);
    for (const text of texts) {
      const { id, value, original_width, original_height } = boxes.find(({ id }) => id === text.id)!;
      const { text: _, ...place } = text.value;
      assert.deepEqual({ ...place, rectanglelabels: ['Text'] }, value);
      assert.deepEqual([original_width, original_height, text.original_width], [800, 420, 800]);
      assert.match(id, /^[0-9a-f]{10}-/);
      const line = PAGE.lines.findIndex(each => letters(each.text) === letters(textOf(text)));
      const [left, top, right, bottom] = written[0]!.boxes[line]!;
      const { x, y, width, height, rotation } = place as Record<string, number>;
      assert.equal(rotation, 0);
      // The detector was taught boxes with some paper around the letters.
      const off = [x! * 8 - left, y! * 4.2 - top, (x! + width!) * 8 - right, (y! + height!) * 4.2 - bottom];
      assert.isBelow(Math.max(...off.map(Math.abs)), 14, `${textOf(text)}: ${off}`);
    }
    const scores = [...texts, ...boxes].map(({ score }) => score!);
    assert.equal(page!.score, Math.min(...scores));
  });

  it('is read where it is askew, and where it goes up', async () => {
    for (const [index, page] of (await predict([written[1]!.file, written[2]!.file])).entries()) {
      const found = page.texts.map(each => letters(textOf(each)));
      for (const { text } of PAGE.lines) {
        const nearest = Math.min(...found.map(each => distance(each, letters(text))));
        assert.isAtMost(nearest, 1, `${text} of ${found} on page ${index}`);
      }
      for (const { value } of index === 0 ? page.boxes : []) {
        const { rotation } = value as Record<string, number>;
        assert.approximately(((rotation! + 45) % 90) - 45, 14, 2);
      }
    }
  });

  it('is read better on small pages, which are enlarged', async () => {
    const pages = await predict(TINY.map((_, index) => written[4 + index]!.file));
    let [characters, errors] = [0, 0];
    for (const [index, { lines }] of TINY.entries()) {
      const found = pages[index]!.texts.map(textOf);
      for (const { text } of lines) {
        characters += text.length;
        errors += Math.min(text.length, ...found.map(each => distance(each, text)));
      }
    }
    // More than half of them are wrong where pages are not enlarged.
    assert.isBelow(errors, characters / 5);
  });

  it('is none on white paper, and none of a file that is no image', async () => {
    const reply = await backend.post<{ results: (Prediction & { error?: { code: string } })[] }>(
      '/models/ocr/predict',
      {
        tasks: [written[3]!.file, 'data:image/png;base64,aGVsbG8='].map((page, id) => ({
          id,
          data: { page },
        })),
        label_config: CONFIG,
      },
    );
    assert.deepEqual(reply.body.results[0]!.result, []);
    assert.equal(reply.body.results[1]!.error!.code, 'task_unreadable');
  });

  it('is read in what an annotator draws, which stays as it was drawn', async () => {
    const [left, top, right, bottom] = written[0]!.boxes[3]!;
    const value = {
      x: (left - 4) / 8,
      y: (top - 4) / 4.2,
      width: (right - left + 8) / 8,
      height: (bottom - top + 8) / 4.2,
      rotation: 0,
      rectanglelabels: ['Name'],
    };
    const drawn = {
      id: 'Ec4b1c-d2U',
      from_name: 'boxes',
      to_name: 'page',
      type: 'rectanglelabels',
      origin: 'manual',
      original_width: 800,
      original_height: 420,
      image_rotation: 0,
      value,
    };
    const [page] = await predict([written[0]!.file], CONFIG, { result: [drawn] });
    assert.deepEqual(page!.result[0], drawn);
    assert.lengthOf(page!.result, 2);
    const { rectanglelabels: _, ...place } = value;
    const text = page!.texts[0]!;
    assert.equal(text.id, drawn.id);
    assert.equal(letters(textOf(text)), letters(PAGE.lines[3]!.text));
    assert.deepEqual(text.value, { ...place, text: text.value.text });

    // Two lines of a block, from the top.
    const block = { ...drawn, value: { ...value, x: 3, y: 28, width: 60, height: 44 } };
    const [two] = await predict([written[0]!.file], CONFIG, { result: [block] });
    assert.deepEqual(
      textOf(two!.texts[0]!).split('\n').map(letters),
      [2, 3].map(line => letters(PAGE.lines[line]!.text)),
    );
  });

  it("fills Label Studio's own template of OCR", async () => {
    const template = `<View>
      <Image name="image" value="$page"/>
      <Labels name="label" toName="image"><Label value="Text"/><Label value="Handwriting"/></Labels>
      <Rectangle name="bbox" toName="image" strokeWidth="3"/>
      <Polygon name="poly" toName="image" strokeWidth="3"/>
      <TextArea name="transcription" toName="image" editable="true" perRegion="true" required="true"
        maxSubmissions="1" rows="5" placeholder="Recognized Text" displayMode="region-list"/>
    </View>`;
    const [page] = await predict([written[0]!.file], template);
    const ids = new Map<string, string[]>();
    for (const { id, type } of page!.result) ids.set(id!, [...(ids.get(id!) ?? []), type!]);
    assert.equal(ids.size, PAGE.lines.length);
    for (const types of ids.values()) assert.sameMembers(types, ['rectangle', 'labels', 'textarea']);
  });

  /** A config with these controls, and a TextArea of regions. */
  const configOf = (...controls: string[]) =>
    `<View><Image name="page" value="$page"/>${controls.join('')}<TextArea name="transcription" toName="page" perRegion="true"/></View>`;
  const LABELS = '<Labels name="label" toName="page"><Label value="Text"/></Labels>';
  const POLYGON = '<Polygon name="poly" toName="page"/>';
  const POLYGON_LABELS = '<PolygonLabels name="p" toName="page"><Label value="Text"/></PolygonLabels>';
  const RECTANGLE = '<Rectangle name="bbox" toName="page"/>';

  it('fills polygons with the corners of turned boxes, and answers no label without its shape', async () => {
    const shapes = [
      { config: configOf(LABELS, POLYGON), types: ['polygon', 'labels', 'textarea'] },
      { config: configOf(POLYGON_LABELS), types: ['polygonlabels', 'textarea'] },
      { config: configOf(RECTANGLE, POLYGON), types: ['rectangle', 'textarea'] },
    ];
    const boxes = await predict([written[1]!.file], configOf(RECTANGLE));
    for (const { config, types } of shapes) {
      const [page] = await predict([written[1]!.file], config);
      collect(config, [page!]);
      // Line by line, each shape with what belongs to it.
      assert.deepEqual(
        page!.result.map(({ type }) => type),
        PAGE.lines.flatMap(() => types),
      );
      assert.deepEqual(page!.texts.map(textOf), boxes[0]!.texts.map(textOf));
      for (let at = 0; at < page!.result.length; at += types.length) {
        const [shape, ...others] = page!.result.slice(at, at + types.length) as Region[];
        for (const { id, value } of others) {
          assert.equal(id, shape!.id);
          if (shape!.value.points) assert.deepEqual(value.points, shape!.value.points);
        }
        const same = boxes[0]!.result.filter(({ type }) => type === 'rectangle')[at / types.length] as Region;
        if (shape!.value.points) assertCorners(shape!.value.points as number[][], same);
      }
    }
  });

  it('is refused for a config that has no shapes, with what to add', async () => {
    for (const config of [configOf(), configOf(LABELS)]) {
      const reply = await backend.post<ErrorBody>('/models/ocr/setup', { project: '1', schema: config });
      assert.equal(reply.status, 422);
      assert.match(
        reply.body.message,
        /the model 'ocr' fills (Labels 'label'|TextArea 'transcription') with what belongs to regions, .* add <Rectangle name="bbox" toName="page"\/> \(or RectangleLabels, Polygon, PolygonLabels\)/,
      );
    }
  });
});

/** Holds four points against a rectangle as the editor turns it: about its first corner. */
function assertCorners(points: readonly (readonly number[])[], { value, ...frame }: Region): void {
  const [right, down] = [frame.original_width, frame.original_height].map(side => Number(side) / 100);
  const { x, y, width, height, rotation } = value as Record<string, number>;
  const angle = (rotation! * Math.PI) / 180;
  const corners = [
    [0, 0],
    [width! * right!, 0],
    [width! * right!, height! * down!],
    [0, height! * down!],
  ].map(([across, along]) => [
    x! * right! + across! * Math.cos(angle) - along! * Math.sin(angle),
    y! * down! + across! * Math.sin(angle) + along! * Math.cos(angle),
  ]);
  assert.lengthOf(points, 4);
  for (const point of points) {
    const off = corners.map(corner =>
      Math.hypot(corner[0]! - point[0]! * right!, corner[1]! - point[1]! * down!),
    );
    assert.isBelow(Math.min(...off), 0.01);
  }
}
