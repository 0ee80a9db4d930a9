import { assert } from 'chai';
import { HINT_LETTERS, nearMisses, SLIP_LETTERS } from '../../src/label-config/near-miss.js';

const isNear = (a: string, b: string, letters = SLIP_LETTERS) => nearMisses([a], [b], letters).length > 0;

describe('labels that are nearly the same', () => {
  const near: [string, string, string][] = [
    ['case', 'traffic light', 'Traffic Light'],
    ['blanks and underscores', 'traffic_light', 'Traffic Light'],
    ['hyphens', 'T-shirt', 'T shirt'],
    ['words in one', 'TrafficLight', 'traffic light'],
    ['blanks around it', ' Positive', 'Positive'],
    ['a mark at the end', 'Spam?', 'Spam'],
    ['accents', 'Qualité', 'Qualite'],
    ['wide letters', 'ＤＯＧ', 'dog'],
    ['a plural', 'cats', 'cat'],
    ['a plural in es', 'Boxes', 'Box'],
    ['a plural of a word that ends in e', 'Horses', 'Horse'],
    ['a plural in ies', 'Companies', 'Company'],
    ['the plural of several words', 'traffic lights', 'traffic light'],
    ['a letter that is missing', 'Positiv', 'Positive'],
    ['a letter too many', 'Organizzation', 'Organization'],
    ['a wrong letter', 'Organisation', 'Organization'],
    ['swapped letters', 'Negaitve', 'Negative'],
    ['a slip in one of several words', 'Customer Relatoins', 'customer relations'],
    ['a slip beside a number', 'Category-12 Locaton', 'category 12 location'],
  ];
  for (const [what, a, b] of near) {
    it(`differ in ${what}: ${a}, ${b}`, () => {
      assert.isTrue(isNear(a, b));
      assert.isTrue(isNear(b, a));
    });
  }

  const apart: [string, string][] = [
    ['cat', 'car'],
    ['Person', 'Persona'],
    ['B-PER', 'B-ORG'],
    ['PER', 'ORG'],
    ['B-PER', 'I-PER'],
    ['Male', 'Female'],
    ['Yes', 'No'],
    ['Category 1', 'Category 2'],
    ['Category A', 'Category B'],
    ['Version 1.5', 'Version 15'],
    ['Phase II', 'Phase III'],
    ['1', '11'],
    ['1990', '1990s'],
    ['A', 'A-'],
    ['A+', 'A-'],
    ['C', 'C++'],
    ['< 5', '> 5'],
    ['$', '€'],
    ['1-2', '12'],
    ['As', 'A'],
    ['Glass', 'Glas'],
    ['Symmetric', 'Asymmetric'],
    ['Typical', 'Atypical'],
    ['Complete', 'Incomplete'],
    ['Internal', 'External'],
    ['Increase', 'Decrease'],
    ['Hypertension', 'Hypotension'],
    ['Hyperglycemia', 'Hypoglycemia'],
    ['Inductive', 'Deductive'],
    ['Not relevant', 'Relevant'],
    ['Left front door', 'Right front door'],
    ['má', 'mạ'],
    ['猫', '犬'],
    ['कार', 'कीर'],
    ['Food', 'Price'],
    ['', 'a'],
  ];
  for (const [a, b] of apart) {
    it(`are not ${a} and ${b}`, () => {
      assert.isFalse(isNear(a, b));
      assert.isFalse(isNear(b, a));
    });
  }

  it('are told of shorter words as well where it is only a hint', () => {
    assert.isFalse(isNear('Neutal', 'Neutral'));
    assert.isTrue(isNear('Neutal', 'Neutral', HINT_LETTERS));
    assert.isFalse(isNear('car', 'cat', HINT_LETTERS));
  });

  it('are both named as they are written', () => {
    assert.deepEqual(nearMisses(['Neutral', 'POSITIV', 'Negativ'], ['Negative', 'Positive'], SLIP_LETTERS), [
      { config: 'POSITIV', model: 'Positive' },
      { config: 'Negativ', model: 'Negative' },
    ]);
  });

  it('are compared in a step for each of their characters, however many marks they have', () => {
    const marks = '.'.repeat(200_000);
    assert.isFalse(isNear(`Spam${marks}b`, 'Spam'));
    assert.isTrue(isNear(`Spam${marks}`, 'Spam'));
  }).timeout(8_000);

  it('are found among many', () => {
    const many = (count: number, word: string) => Array.from({ length: count }, (_, at) => `${word} ${at}`);
    const config = [...many(5_000, 'Category'), 'Positiv'];
    const model = [...many(20_000, 'Label'), 'Positive'];
    assert.deepEqual(nearMisses(config, model, SLIP_LETTERS), [{ config: 'Positiv', model: 'Positive' }]);
  });
});
