// Runs in a page of Label Studio, where `window.LabelStudio` is the editor: shows one task and reads what is on the page.
// It reads the place where the editor draws a thing, and the editor's own model only for what is no text: addresses, the
// frame rate, the columns of a chart, the record behind a table.

const SETTLE_MS = 120;
const LIMIT_MS = 4000;

let id = 0;
let open = 0;
const unhandled = [];
window.addEventListener('unhandledrejection', event => unhandled.push(String(event.reason)));
window.addEventListener('error', event => unhandled.push(String(event.message)));

const fetchOfPage = window.fetch;
window.fetch = async (...parameters) => {
  open++;
  try {
    return await fetchOfPage(...parameters);
  } finally {
    // What is done with the answer begins in the tasks after it.
    setTimeout(() => open--, SETTLE_MS);
  }
};

const wait = ms => new Promise(resolve => setTimeout(resolve, ms));

/** The text of a place of the page, a line break where it has a `<br>`. */
function linesOf(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (node.nodeName === 'BR') return '\n';
  return [...node.childNodes].map(linesOf).join('');
}

const READERS = {
  text(tag) {
    const place = tag.mountNodeRef.current;
    return place ? { text: linesOf(place) } : null;
  },
  hypertext(tag) {
    const place = tag.mountNodeRef.current;
    const body = place?.contentDocument?.body ?? place;
    // biome-ignore lint/performance/useDomNodeTextContent: as it looks, without what is hidden
    return tag._value !== null && body ? { looks: body.innerText } : null;
  },
  paragraphs(tag, root) {
    if (tag._value === null) return null;
    const phrases = [...root.querySelectorAll('[data-testid^="phrase:"]')];
    return { utterances: phrases.map(phrase => phrase.lastElementChild.textContent) };
  },
  image: tag => ({ addresses: [...tag.imageEntities].map(({ src }) => src) }),
  audio: tag => ({ address: tag._value }),
  video: tag => ({ address: tag._value, frameRate: Number(tag.framerate) }),
  timeseries: tag => (tag.valueLoaded && tag.data ? { columns: tag.data } : null),
  table: tag => ({ value: tag._value }),
  list(_tag, root) {
    const items = [...root.querySelectorAll('[data-ranker-id]')];
    return {
      items: items.map(item => ({
        id: item.dataset.rankerId,
        // A 0 stands beside the elements; the last of these is the id again.
        // biome-ignore lint/performance/useDomNodeTextContent: as it looks, without what is hidden
        lines: [...item.childNodes].slice(0, -1).map(line => line.innerText ?? line.data),
      })),
    };
  },
};

const isSettled = {
  text: tag => tag._value !== null,
  hypertext: tag => tag._value === '' || (tag._value !== null && (tag.inline || tag.isReady)),
  paragraphs: tag => tag._value !== null,
  timeseries: tag => tag.valueLoaded,
};

function errorsOf(store) {
  const told = (store?.annotationStore?.validation ?? []).map(({ error, value, msg }) =>
    String(value ?? msg ?? error),
  );
  return [...told, ...unhandled].map(text => text.slice(0, 200));
}

/** Shows a task in the editor. @returns what each object shows; null: nothing, of which the editor complains */
window.showTask = async (config, data) => {
  unhandled.length = 0;
  const root = document.createElement('div');
  document.body.prepend(root);
  let store;
  const editor = new window.LabelStudio(root, {
    config,
    task: { id: ++id, data, annotations: [], predictions: [] },
    interfaces: ['side-column'],
    onStorageInitialized(made) {
      store = made;
      // As Label Studio's own preview of a config does.
      setTimeout(() => {
        const annotation = made.annotationStore.addAnnotation({ userGenerate: true });
        made.annotationStore.selectAnnotation(annotation.id);
      });
    },
  });
  const tags = () =>
    [...(store?.annotationStore?.selected?.names?.values() ?? [])].filter(tag => tag.isObjectTag);
  const end = performance.now() + LIMIT_MS;
  const isDone = () => {
    if (errorsOf(store).length > 0) return true;
    return tags().length > 0 && tags().every(tag => isSettled[tag.type]?.(tag) ?? true);
  };
  do await wait(SETTLE_MS);
  while ((open > 0 || !isDone()) && performance.now() < end);
  // What the last change of the model shows is drawn after it.
  await wait(SETTLE_MS);
  const objects = {};
  for (const tag of tags()) {
    try {
      objects[tag.name.replace(/@.*/, '')] = READERS[tag.type]?.(tag, root) ?? null;
    } catch (error) {
      unhandled.push(`reading ${tag.name}: ${error}`);
    }
  }
  const answer = JSON.parse(JSON.stringify({ objects, late: !isDone() }));
  try {
    editor.destroy();
  } catch {
    // An editor that could not be drawn cannot be taken away either; the next one has a place of its own.
  }
  root.remove();
  return answer;
};
