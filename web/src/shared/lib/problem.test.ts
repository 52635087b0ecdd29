import { expect, test } from 'vitest';
import { fieldErrors, linesOf, problemOf, Unreachable } from './problem';

const refused = {
  type: 'about:blank',
  title: 'Unprocessable Entity',
  status: 422,
  code: 'invalid_field',
  detail: 'name: must not be empty',
  errors: [
    { field: 'name', code: 'required', message: 'must not be empty' },
    { field: 'labels.env', code: 'invalid', message: 'is too long' },
    { field: 'zone', code: 'invalid', message: 'is unknown' },
  ],
};

test('an error of a field stands beside it, and what no field of the form is called stays readable', () => {
  expect(fieldErrors(refused, ['name', 'labels'])).toEqual({
    byField: { name: 'must not be empty', labels: 'is too long' },
    rest: ['zone: is unknown'],
  });
});

test('a problem without fields is its sentence', () => {
  const conflict = { ...refused, errors: undefined, status: 409, detail: 'the host has five checks already' };
  expect(fieldErrors(conflict, ['name'])).toEqual({ byField: {}, rest: ['the host has five checks already'] });
});

test('whatever fails is a problem with a sentence', () => {
  expect(problemOf(refused)).toBe(refused);
  expect(problemOf(new Unreachable()).code).toBe('unreachable');
  expect(problemOf('<html>').code).toBe('unexpected');
  expect(problemOf(new SyntaxError('Unexpected token <')).code).toBe('unexpected');
  expect(problemOf(undefined).detail).not.toBe('');
});

test('an error of the code is told from an answer that did not come, in its own words', () => {
  expect(problemOf(new TypeError("reading 'map' of undefined"))).toMatchObject({
    code: 'failed',
    detail: "reading 'map' of undefined",
  });
});

test('of several things that were wrong each is a line, where the sentence names the first alone', () => {
  expect(linesOf({ ...refused, detail: 'name: must not be empty (and 2 more)' })).toEqual([
    'name: must not be empty',
    'labels.env: is too long',
    'zone: is unknown',
  ]);
  const { errors, ...whole } = refused;
  expect(linesOf({ ...whole, detail: 'gone', errors: errors.slice(0, 1) })).toEqual(['gone']);
});
