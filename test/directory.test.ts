import { assert } from 'chai';
import { classDirectory } from '../src/directory.js';
import { LabelStudioMLBase } from '../src/index.js';

describe('classes as models', () => {
  abstract class Model extends LabelStudioMLBase {
    override predict() {
      return [];
    }
  }

  it('are called by their class name in kebab case', () => {
    class MyModel extends Model {}
    class NERModel extends Model {}
    class Bert2Tagger extends Model {}
    class $Über_Model extends Model {}
    const names = classDirectory([MyModel, NERModel, Bert2Tagger, $Über_Model, class extends Model {}], {
      live: () => [],
      stored: () => [],
    });
    assert.deepEqual(
      names.list().map(({ name }) => name),
      ['my-model', 'ner-model', 'bert2-tagger', 'ber-model', 'model'],
    );
  });

  it('answer the versions of their instances and those that were set, each once, or the first version', () => {
    class MyModel extends Model {}
    const instance = (projectId: string, modelVersion: string) =>
      ({ projectId, modelVersion }) as LabelStudioMLBase;
    const live = [instance('1', 'a'), instance('1', 'a'), instance('2', 'b')];
    const versionsOf = (instances: LabelStudioMLBase[], project: string | null) =>
      classDirectory([MyModel], {
        live: () => instances,
        stored: () =>
          instances.length === 0
            ? []
            : [
                { project: '2', version: 'b' },
                { project: '4', version: 'c' },
              ],
      })
        .list()[0]!
        .versions(project);
    assert.deepEqual(versionsOf([], null), ['my-model:0.0.1']);
    assert.deepEqual(versionsOf(live, null), ['a', 'b', 'c']);
    assert.deepEqual(versionsOf(live, '2'), ['b']);
    assert.deepEqual(versionsOf(live, '3'), ['my-model:0.0.1']);
    assert.deepEqual(versionsOf(live, '4'), ['c']);
  });
});
